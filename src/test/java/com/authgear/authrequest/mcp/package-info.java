/**
 * MCP's official clients and servers, as npm and PyPI have them, with the service and nginx between
 * them.
 */
@NullMarked
package com.authgear.authrequest.mcp;

import org.jspecify.annotations.NullMarked;
