package tepin

import (
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"time"
)

// Identifiers are lower-case UUIDv7 text, each a type of its own so that one
// cannot stand where another is meant.
type (
	SubscriptionID   string
	EnvironmentID    string
	IntegrationID    string
	CredentialID     string
	UserID           string
	TemplateID       string
	ProjectID        string
	MediaID          string
	FontFamilyID     string
	FontStyleID      string
	FontBatchID      string
	OutputSettingsID string
	TaskID           string
	JobID            string
	ApplicationID    string
	LoginID          string
	DeviceRequestID  string
	ConnectorID      string
	StagedFileID     string
	PreviewID        string
	FolderID         string
	CollectionID     string
	TagID            string
	ComponentID      string
	DefinitionID     string // of whatever kind
	GroupID          string

	ConnectorCredentialID string
)

// ClientID is the public name of a client at the token endpoint: "int_" and 22
// characters of base62 for an integration, "app_" and as many for a registered
// application, or one of [FirstParty]. It never equals a [UserID].
type ClientID string

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewID returns a fresh UUIDv7 (RFC 9562 §5.7): it sorts by creation time, to a quarter
// of a microsecond (§6.2, method 3).
func NewID[T ~string]() T {
	var b [16]byte
	rand.Read(b[8:]) // never fails: crypto/rand ends the process instead
	ns := time.Now().UnixNano()
	ms, fraction := uint64(ns/1e6), ns%1e6*4096/1e6
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	b[6], b[7] = 0x70|byte(fraction>>8), byte(fraction)
	b[8] = b[8]&0x3f | 0x80
	var s [36]byte
	hex.Encode(s[0:8], b[0:4])
	hex.Encode(s[9:13], b[4:6])
	hex.Encode(s[14:18], b[6:8])
	hex.Encode(s[19:23], b[8:10])
	hex.Encode(s[24:36], b[10:16])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return T(s[:])
}

// NewClientID returns a fresh client id with 131 random bits.
func NewClientID() ClientID { return ClientID("int_" + RandomBase62(22)) }

// RandomBase62 returns n unbiased random characters of [0-9A-Za-z], 5.95 bits each.
func RandomBase62(n int) string {
	out := make([]byte, 0, n)
	var buf [64]byte
	for len(out) < n {
		rand.Read(buf[:])
		for _, c := range buf {
			if c < 248 && len(out) < n { // 248 = 4 × 62: beyond it the first letters would be likelier
				out = append(out, base62[c%62])
			}
		}
	}
	return string(out)
}

var uuidText = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// IsID reports whether s has the form of an identifier: a lower-case UUID.
func IsID(s string) bool { return len(s) == 36 && uuidText.MatchString(s) }

var technicalName = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)

// IsTechnicalName reports whether s can name an environment in a path and in a
// host name: 1 to 63 of [a-z0-9-], no dash at either end. "settings" is reserved
// for a route of the Environment API.
func IsTechnicalName(s string) bool {
	return technicalName.MatchString(s) && s != "settings" && !IsID(s)
}
