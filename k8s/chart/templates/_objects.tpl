{{/*
Applies a strategic merge patch: dict "target" "patch". Changes target. Elements of lists are the same by the field
that identifies them in Kubernetes' own kinds.
*/}}
{{- define "authgear.merge" -}}
{{- $ids := dict "containers" "name" "env" "name" "volumes" "name" "volumeMounts" "mountPath" "ports" "port" -}}
{{- $target := .target -}}
{{- range $key, $value := .patch -}}
  {{- if not (hasKey $target $key) -}}
    {{- $_ := set $target $key $value -}}
  {{- else if kindIs "map" $value -}}
    {{- include "authgear.merge" (dict "target" (index $target $key) "patch" $value) -}}
  {{- else if hasKey $ids $key -}}
    {{- $id := index $ids $key -}}
    {{- $all := index $target $key -}}
    {{- $new := list -}}
    {{- range $element := $value -}}
      {{- $found := false -}}
      {{- range $all -}}
        {{- if eq (toString (index . $id)) (toString (index $element $id)) -}}
          {{- $found = true -}}
          {{- include "authgear.merge" (dict "target" . "patch" $element) -}}
        {{- end -}}
      {{- end -}}
      {{- if not $found -}}
        {{- $new = append $new $element -}}
      {{- end -}}
    {{- end -}}
    {{- /* In front, as kustomize has them. */ -}}
    {{- $_ := set $target $key (concat $new $all) -}}
  {{- else -}}
    {{- $_ := set $target $key $value -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/*
Applies one operation of a JSON patch: dict "target" "operation". Changes target. Only what ../components uses: adding
to the end of a list.
*/}}
{{- define "authgear.add" -}}
{{- if or (ne .operation.op "add") (not (hasSuffix "/-" .operation.path)) -}}
  {{- fail (printf "the chart does not know the operation %s %s" .operation.op .operation.path) -}}
{{- end -}}
{{- $parts := splitList "/" (trimSuffix "/-" (trimPrefix "/" .operation.path)) -}}
{{- $parent := .target -}}
{{- range initial $parts -}}
  {{- if kindIs "slice" $parent -}}
    {{- $parent = index $parent (int .) -}}
  {{- else -}}
    {{- $parent = index $parent . -}}
  {{- end -}}
{{- end -}}
{{- $_ := set $parent (last $parts) (append (index $parent (last $parts)) .operation.value) -}}
{{- end -}}

{{/* The file, parsed; as YAML, because a template's result is text. */}}
{{- define "authgear.file" -}}
{{- $text := .root.Files.Get .path -}}
{{- if not $text -}}
  {{- fail (printf "%s is missing from the chart" .path) -}}
{{- end -}}
{{- $text -}}
{{- end -}}

{{/* ConfigMaps that a kustomization makes of files: dict "root" "folder" "generators" "objects". Adds to objects. */}}
{{- define "authgear.configMaps" -}}
{{- $root := .root -}}
{{- $folder := .folder -}}
{{- $objects := .objects -}}
{{- range .generators -}}
  {{- $data := dict -}}
  {{- range .files -}}
    {{- $_ := set $data . (include "authgear.file" (dict "root" $root "path" (printf "%s/%s" $folder .))) -}}
  {{- end -}}
  {{- $map := dict "apiVersion" "v1" "kind" "ConfigMap" "metadata" (dict "name" .name "labels" .options.labels) "data" $data -}}
  {{- $_ := set $objects (printf "ConfigMap/%s" .name) $map -}}
{{- end -}}
{{- end -}}

{{/* Adds a component of kustomize: dict "root" "folder" "objects". Changes objects. */}}
{{- define "authgear.component" -}}
{{- $root := .root -}}
{{- $folder := .folder -}}
{{- $objects := .objects -}}
{{- $component := include "authgear.file" (dict "root" $root "path" (printf "%s/kustomization.yaml" $folder)) | fromYaml -}}
{{- range $component.resources -}}
  {{- $object := include "authgear.file" (dict "root" $root "path" (printf "%s/%s" $folder .)) | fromYaml -}}
  {{- $_ := set $objects (printf "%s/%s" $object.kind $object.metadata.name) $object -}}
{{- end -}}
{{- include "authgear.configMaps" (dict "root" $root "folder" $folder "generators" $component.configMapGenerator "objects" $objects) -}}
{{- range $component.patches -}}
  {{- $text := .patch | default "" -}}
  {{- if .path -}}
    {{- $text = include "authgear.file" (dict "root" $root "path" (printf "%s/%s" $folder .path)) -}}
  {{- end -}}
  {{- $target := printf "^%s/%s$" .target.kind .target.name -}}
  {{- range $key, $object := $objects -}}
    {{- if regexMatch $target $key -}}
      {{- if hasPrefix "- " (regexReplaceAll "(?m)^#.*\n" $text "") -}}
        {{- range fromYamlArray $text -}}
          {{- include "authgear.add" (dict "target" $object "operation" .) -}}
        {{- end -}}
      {{- else -}}
        {{- include "authgear.merge" (dict "target" $object "patch" (fromYaml $text)) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}
