/** Checks of what {@code kubectl kustomize} makes of the folder {@code k8s}. */
@NullMarked
package com.authgear.authrequest.k8s;

import org.jspecify.annotations.NullMarked;
