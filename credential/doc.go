// Package credential makes, changes and removes what people and programs sign in
// with: client secrets of integrations, passwords and sessions of people, the
// one-time set-up link, and the two keys that the database does not hold.
//
// It is also where the texts and limits of environments and integrations are
// checked, so that the console and the Platform API refuse the same things in the
// same words. A refusal that concerns one field names it in [tepin.Error.Path];
// several at once are joined and can be taken apart with [Refusals].
package credential
