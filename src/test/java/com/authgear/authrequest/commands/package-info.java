/** The packaged programs as processes: their commands, their version, their start and their end. */
@NullMarked
package com.authgear.authrequest.commands;

import org.jspecify.annotations.NullMarked;
