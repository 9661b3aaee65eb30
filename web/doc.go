// Package web holds the manners that every front door shares: what happens around
// a request (id, log event, limits, host check, trusted proxies, CORS), how an
// error becomes an answer, how a bearer token becomes an actor and an actor is let
// through, how pages of lists, versions and tenants' bytes travel, and the glue
// between [github.com/danielgtaylor/huma/v2] and all of that.
//
// A door lists its routes with their [Access]; web enforces it in one place, in one
// order (401, environment 404, 403), before a byte of the body is read.
package web
