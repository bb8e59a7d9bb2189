/**
 * Typed settings from environment variables. Reports every problem at once; knows nothing of what
 * the settings are for.
 *
 * <p>{@link com.authgear.authrequest.settings.SettingsTable} is the one place where a setting is
 * defined: reading, {@code --help} and the docs' table are made from it. No text of this package
 * repeats the content of a file, of a setting marked secret or of an unknown key.
 */
@NullMarked
package com.authgear.authrequest.settings;

import org.jspecify.annotations.NullMarked;
