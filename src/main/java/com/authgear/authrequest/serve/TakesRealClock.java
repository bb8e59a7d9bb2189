package com.authgear.authrequest.serve;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Marks where a command takes the real clock; everywhere else it is forbidden and passed in. */
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.METHOD)
public @interface TakesRealClock {}
