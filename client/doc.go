// Package client gets access tokens from a Tepin server for programs in Go, and keeps
// them fresh.
//
// A program makes one [Client] for each integration and uses it everywhere:
//
//	c, err := client.New(client.Config{
//		BaseURL:      "https://tepin.example",
//		ClientID:     os.Getenv("TEPIN_CLIENT_ID"),
//		ClientSecret: os.Getenv("TEPIN_CLIENT_SECRET"),
//	})
//	…
//	res, err := c.HTTPClient().Get("https://tepin.example/grafx/api/v1/environment/demo/templates")
//
// [Client.HTTPClient] puts the token on each request to the server, and when the server
// says that a token is no longer good, gets another one and sends the request again,
// once. [Client.Token] and [Client.TokenSource] are for programs that send the token
// themselves, such as those that use golang.org/x/oauth2.
//
// # When a token is renewed
//
// The server gives the same token again until an hour before it ends, and from then on
// a new one, while the old one stays good to its end. A Client therefore asks again in
// the first quarter of that hour, at a moment that differs from one process to the next,
// and while it asks, everybody goes on with the token that they have. Tokens that live
// for an hour or less are renewed when about a fifth of their life is left.
//
// However many goroutines want a token, one request is on its way. A request that fails
// is not repeated before the server's Retry-After, or else before a pause that doubles
// from 1 s to 30 s; a token that is still good is used meanwhile.
package client
