package tepin

// ActorKind says what sort of subject acts.
type ActorKind string

const (
	ActorIntegration ActorKind = "integration" // by access token
	ActorUser        ActorKind = "user"        // by console session, or by access token of an application
	ActorSystem      ActorKind = "system"      // the server itself: first start, sweeps, jobs
)

// Actor is who does something, for authorization and for the audit log.
type Actor struct {
	Kind          ActorKind
	ID            string // IntegrationID or UserID; "system" for the server
	Name          string // shown in the audit log
	EnvironmentID EnvironmentID
	ClientID      ClientID
	Scopes        Scopes
	TokenID       string         // jti of the token that was presented
	ParentID      string         // jti of the token that it was exchanged for; "" = it was not (S24)
	Origin        string         // the only page that may use the token; "" = not bound to one (S23)
	Administrator bool           // a user that may do everything on this instance
	Identity      IdentityScopes // of a person's token
	Reach         Reach          // of a person's token; "" = it is a session's
	Roles         Roles          // of a person, in the environment, or the subscription, that the request is about
}

// System is the server acting on its own behalf.
var System = Actor{Kind: ActorSystem, ID: "system", Name: "Tepin"}

// Owns reports whether a row owned by (kind, id) is this actor's own, or visible
// to it as an administrator: of the installation, or of the environment in the console.
func (a Actor) Owns(kind ActorKind, id string) bool {
	return a.Administrator || a.Kind == ActorSystem || a.Reach == "" && a.Roles.Any(Administrators) || a.Kind == kind && a.ID == id
}
