// Package store keeps the rows of an instance, on SQLite or on PostgreSQL. It holds
// all of the SQL: one text for both, the differences in dialect.go.
//
// A public method is a transaction; the private functions that it calls are
// statements. Reads take the environment first, and the actor where rows have
// owners. Writes take the actor, and end by recording what they did in the audit
// log, in the same transaction; a write that records nothing is refused.
//
// Errors are of the vocabulary's kinds: [tepin.NotFound] for a row that is absent or
// another environment's, [tepin.Conflict] for one that contradicts what is there,
// [tepin.Stale] where IfVersion names an older version, [tepin.Full] when the disk
// is, [tepin.Unavailable] when the database cannot be reached or is too busy.
// Any other error is the store's own fault.
package store
