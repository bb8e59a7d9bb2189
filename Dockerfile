# docker build -t authgear-auth-request .
# docker run -e AUTHGEAR_ENDPOINT=https://my-project.authgear.cloud -p 8080:8080 authgear-auth-request
#
# .ci/image builds this without a registry, starts the result and looks at it.
#
# For amd64 and arm64, each on a machine of its kind: the jar carries that machine's native crypto library, and the
# ahead-of-time cache is trained by running it. The stand-in Authgear is another target, never part of the image
# above: docker build --target sandbox -t authgear-auth-request-sandbox .

# Digests of the lists of images for all architectures, as docker-library/repo-info names them.
# Maven and a JDK of the release that pom.xml names.
ARG BUILD_IMAGE=maven:3.9-eclipse-temurin-25@sha256:d67198007bb4441b07d45587320f83154de80ece3608f80408ef14c6ea847753
# Any base with glibc will do; nothing else of it is in the image.
ARG RUNTIME_IMAGE=debian:trixie-slim@sha256:3a39a0592364683e6bab97937b72cad5a8fa6dcbbee90edb3bb48c7f8e94f258

FROM ${BUILD_IMAGE} AS build

WORKDIR /build
COPY pom.xml THIRD-PARTY.md ./
COPY nginx/ nginx/
COPY src/ src/
RUN --mount=type=cache,target=/root/.m2 \
    mvn -q -B package -DskipTests

# The modules that the service uses. jdeps names four more, for classes that it never loads: java.desktop
# (Jackson's java.beans annotations, Jetty's leak preventers; it alone is a fifth of the JDK),
# java.instrument and java.rmi (Jetty's web applications), java.security.jgss (Jetty's SPNEGO).
# .ci/image fails when it names a sixth.
RUN jlink \
      --add-modules java.base,java.logging,java.management,java.naming,java.sql,java.xml,jdk.management,jdk.unsupported \
      --no-header-files --no-man-pages --compress zip-6 \
      --output /opt/jre

# The paths are those of the final stage already, because an ahead-of-time cache is valid only for the very
# runtime and jar, by their paths, that it was trained with.
# The times of all files are those of the release, or of SOURCE_DATE_EPOCH, so that two builds give the same layers.
# They come before the training, because the cache is valid only for files of the same time.
ARG SOURCE_DATE_EPOCH
RUN mkdir /app /cache /sandbox \
    && cp target/authgear-auth-request.jar src/main/image/jvm.options /app/ \
    && cp target/authgear-auth-request-sandbox.jar /sandbox/ \
    && time=${SOURCE_DATE_EPOCH:-$(date -d "$(sed -n 's:.*<project.build.outputTimestamp>\(.*\)</.*:\1:p' pom.xml)" +%s)} \
    && find /opt/jre /app /sandbox -exec touch -h -d "@$time" {} +


# What asks for tokens in the training is in the other jar, which stays in the stage before.
FROM build AS trained
RUN java -cp target/authgear-auth-request-sandbox.jar src/main/image/TrainAotCache.java \
      /opt/jre/bin/java /app/jvm.options /app/authgear-auth-request.jar /cache/authgear-auth-request.aot


# Of the base only the C library, which is all that the runtime needs: no shell, no package, and room for the
# ahead-of-time cache.
FROM ${RUNTIME_IMAGE} AS base
COPY --from=build /opt/jre /opt/jre
RUN mkdir -p /base/etc /base/proc /base/dev /base/tmp \
    && chmod 1777 /base/tmp \
    && echo 'hosts: files dns' >/base/etc/nsswitch.conf \
    && for library in $(ldd /opt/jre/bin/java /opt/jre/lib/*.so /opt/jre/lib/server/libjvm.so \
         | awk '$3 ~ /^\/(usr\/)?lib/ { print $3 } $1 ~ /^\/lib.*ld-linux/ { print $1 }' | sort -u); \
       do cp -L --parents "$library" /base; done


# For demos and CI: gives credentials to whoever asks.
FROM scratch AS sandbox
COPY --from=base /base /
LABEL org.opencontainers.image.title="authgear-auth-request-sandbox" \
      org.opencontainers.image.description="A stand-in Authgear that gives credentials to whoever asks; never for production" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/jre /opt/jre
COPY --from=build /sandbox /app
USER 65532:65532
EXPOSE 8090 8091 8092
ENTRYPOINT ["/opt/jre/bin/java", "-Xmx192m", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Dstdout.encoding=UTF-8", "-jar", "/app/authgear-auth-request-sandbox.jar"]
CMD ["sandbox"]


# The image, and the last stage, so that it is what "docker build" makes.
FROM scratch AS service
COPY --from=base /base /

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="authgear-auth-request" \
      org.opencontainers.image.description="Answers nginx auth_request for backends protected by Authgear" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# Owned by root: the service cannot change itself.
COPY --from=build /opt/jre /opt/jre
COPY --from=build /app /app
# In a layer of its own: no two trainings give the same bytes, all other layers are reproducible.
COPY --from=trained /cache /app

# By number, so that runAsNonRoot can be checked without reading the image's /etc/passwd.
USER 65532:65532

# http, management
EXPOSE 8080 8081

STOPSIGNAL SIGTERM

# For Docker; Kubernetes ignores it and has probes. A JVM of its own each time, so as small as can be.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/opt/jre/bin/java", "-Xmx16m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-jar", "/app/authgear-auth-request.jar", "health"]

ENTRYPOINT ["/opt/jre/bin/java", "@/app/jvm.options", "-jar", "/app/authgear-auth-request.jar"]
