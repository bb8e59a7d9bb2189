/**
 * Typed settings from environment variables. Reports every problem at once; knows nothing of what
 * the settings are for.
 */
@NullMarked
package com.authgear.authrequest.settings;

import org.jspecify.annotations.NullMarked;
