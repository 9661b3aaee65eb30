// Package token makes and verifies access tokens: JSON Web Tokens in the profile
// of RFC 9068, signed with ES256 or RS256. Signing is deterministic: the same
// claims under the same key are the same bytes on every node and in every year,
// so that a token never needs to be stored to be handed out again. Keys of other
// purposes sign id_tokens and the heads of the audit log, which are never taken for
// access tokens.
//
// The package knows no database and no clock; keys and times are given to it.
package token
