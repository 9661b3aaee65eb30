package tepin

import "time"

// AuditEntry is one line of an environment's audit log. Entries of a chain are
// numbered from 1 without a gap, and each MAC covers the one before it.
type AuditEntry struct {
	Chain     string // environment id, or "instance"
	Seq       int64
	At        time.Time
	ActorKind ActorKind
	ActorID   string
	ActorName string
	Action    string // "integration.create"
	Target    string // id of what was changed
	Detail    string // JSON object; never a secret
	About     string // id of the integration that it concerns, which follows from the others
	MAC       []byte
}
