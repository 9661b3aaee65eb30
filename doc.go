// Package tepin is the vocabulary that every other package speaks: identifiers,
// errors, actors, scopes, pages of lists, and the records of the product as plain
// structs. It imports only the standard library, does no I/O, and knows neither
// HTTP nor SQL.
package tepin
