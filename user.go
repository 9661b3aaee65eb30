package tepin

import "time"

// User is a person who signs in to the console.
type User struct {
	ID            UserID
	Email         string // lower case
	Name          string
	LastName      string // the end of Name, where it is known
	PasswordHash  string // argon2id, PHC string; empty until the set-up link is used
	Administrator bool
	Epoch         int64 // raised with each new password: older tokens of the person die
	CreatedAt     time.Time
	LastSeenAt    time.Time // when they signed in last; zero = never
}

// Session is a signed-in browser. Its cookie's value is stored only as a hash.
type Session struct {
	Hash      []byte // SHA-256 of the cookie's value
	UserID    UserID
	CreatedAt time.Time
	ProvedAt  time.Time // when the password was given in it last
	ExpiresAt time.Time
}

// Instance is the identity of one installation, written at its first start.
type Instance struct {
	ID             string
	Issuer         string // public URL + "/"
	MasterKeyID    string
	MasterKeyCheck []byte
	PepperID       string
	PepperCheck    []byte
	AuditKey       []byte    // key of the audit log, sealed; empty: derived from the first master key
	NotBefore      time.Time // tokens that were issued before are refused; zero = none
	CreatedAt      time.Time
}
