// Package connector is what connectors do: it makes the requests of their scripts, to the
// hosts that they may ask and with the credentials that they were given, which no script
// and no page ever sees.
package connector
