/** Checks of what kustomize and helm make of the folder {@code k8s}. */
@NullMarked
package com.authgear.authrequest.k8s;

import org.jspecify.annotations.NullMarked;
