/** What the tests stand on: programs, the service, ports, and clocks. */
@NullMarked
package com.authgear.authrequest.support;

import org.jspecify.annotations.NullMarked;
