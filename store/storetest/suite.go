package storetest

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// Database is one that has to keep the contract, and what is asked of it beside the
// store's methods, which have no use for that.
type Database struct {
	Open   func(t *testing.T, now func() time.Time) *store.Store                                 // an empty store with this clock
	RowsOf func(*store.Store, context.Context, tepin.EnvironmentID) (map[string][]string, error) // rows of an environment, by table
}

// Run is the contract of package store, to be kept on every database, the unhappy
// part included.
func Run(t *testing.T, db Database) {
	for name, test := range map[string]func(*world){
		"Instance":           instance,
		"Rekey":              rekey,
		"Environments":       environments,
		"Integrations":       integrations,
		"Secrets":            secrets,
		"Revocation":         revocation,
		"RevocationLimited":  revocationLimited,
		"GuardFindings":      guardFindings,
		"Rotation":           rotation,
		"RotationAgain":      rotationAgain,
		"ExpiryWarnings":     expiryWarnings,
		"Trusts":             trusts,
		"AcceptOnce":         acceptOnce,
		"Directory":          directory,
		"CounterIsCommits":   counterIsCommits,
		"SigningKeys":        signingKeys,
		"KeysRetire":         keysRetire,
		"KeyDenied":          keyDenied,
		"Reseal":             reseal,
		"Recover":            recovered,
		"Grants":             grants,
		"GrantsStale":        grantsStale,
		"GrantsReplaced":     grantsReplaced,
		"GrantsConcurrent":   grantsConcurrent,
		"GrantsLimited":      grantsLimited,
		"People":             people,
		"SetupLink":          setupLink,
		"Sessions":           sessions,
		"SessionsProved":     sessionsProved,
		"Applications":       applications,
		"Codes":              codes,
		"CodesConcurrent":    codesConcurrent,
		"RefreshTokens":      refreshTokens,
		"BoundRefreshTokens": boundRefreshTokens,
		"RefreshConcurrent":  refreshConcurrent,
		"LoginsEnd":          loginsEnd,
		"LoginsLimited":      loginsLimited,
		"LoginSweep":         loginSweep,
		"Devices":            devices,
		"DevicesConcurrent":  devicesConcurrent,
		"Members":            members,
		"MembersElsewhere":   membersElsewhere,
		"Seats":              seats,
		"PersonGroups":       personGroups,
		"Administrators":     administrators,
		"StorageCounts":      storageCounts,
		"EnvironmentLife":    environmentLife,
		"EnvironmentPurge":   environmentPurge,
		"Blobs":              blobs,
		"BlobRace":           blobRace,
		"Templates":          templates,
		"SavesAtOnce":        savesAtOnce,
		"Projects":           projects,
		"SharedProjects":     sharedProjects,
		"SharedLists":        sharedLists,
		"DeleteProjects":     deleteProjects,
		"CollectionProjects": projectsOfCollections,
		"Definitions":        definitions,
		"DefinitionsDefault": definitionsDefault,
		"DefinitionsLimited": definitionsLimited,
		"InterfaceInUse":     interfaceInUse,
		"Settings":           settings,
		"Media":              media,
		"MediaChanges":       mediaChanges,
		"Vision":             visions,
		"Trash":              trash,
		"Collections":        collections,
		"CollectionEntries":  collectionEntries,
		"Tags":               tags,
		"Components":         components,
		"Folders":            folders,
		"FolderMoves":        folderMoves,
		"FolderDeletes":      folderDeletes,
		"Directories":        directories,
		"FoldersConcurrent":  foldersConcurrent,
		"Connectors":         connectors,
		"ConnectorDefaults":  connectorDefaults,
		"ConnectorAuth":      connectorAuth,
		"ConnectorSignIns":   connectorSignIns,
		"StagedFiles":        stagedFiles,
		"Fonts":              fonts,
		"FontChanges":        fontChanges,
		"FontRestore":        fontRestore,
		"FontsByWeight":      fontsByWeight,
		"FontProblems":       fontProblems,
		"FontExpiry":         fontExpiry,
		"OutputSettings":     outputSettings,
		"SettingsLife":       outputSettingsLife,
		"SettingsAtOnce":     outputSettingsAtOnce,
		"DeletedTasks":       deletedTasks,
		"FilteredTasks":      filteredTasks,
		"Tasks":              tasks,
		"TaskOutcome":        taskOutcome,
		"TaskSweeps":         taskSweeps,
		"Previews":           previews,
		"PreviewJobs":        previewJobs,
		"PreviewSweeps":      previewSweeps,
		"Jobs":               jobs,
		"JobsInTurn":         jobsInTurn,
		"JobsLimited":        jobsLimited,
		"JobsConcurrent":     jobsConcurrent,
		"Quotas":             quotas,
		"QuotaPeriods":       quotaPeriods,
		"QuotaOfRenders":     quotaOfRenders,
		"QuotaConcurrent":    quotaConcurrent,
		"ListOrder":          listOrder,
		"ListStability":      listStability,
		"ListSearch":         listSearch,
		"ListCommonWord":     listCommonWord,
		"ListFolders":        listFolders,
		"Text":               text,
		"Audit":              auditChain,
		"AuditConcurrent":    auditConcurrent,
		"Notices":            notices,
		"AuditLog":           auditLog,
		"SignedHeads":        signedHeads,
		"Cancelled":          cancelled,
		"OtherEnvironmentIs": otherEnvironment,
	} {
		t.Run(name, func(t *testing.T) {
			clock := &Clock{now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
			w := &world{T: t, Store: db.Open(t, clock.Now), db: db, clock: clock}
			w.begin()
			test(w)
		})
	}
}

// Clock is a clock that a test moves.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is an instance with two environments, and who works in it.
type world struct {
	*testing.T
	*store.Store
	db         Database
	clock      *Clock
	ctx        context.Context
	env, other tepin.EnvironmentID
	admin      tepin.Actor
	alice, bob tepin.Actor // two integrations' tokens
}

func (w *world) begin() {
	w.Helper()
	w.ctx = w.Context()
	w.admin = tepin.Actor{Kind: tepin.ActorUser, ID: "admin", Name: "admin@example.com", Administrator: true}
	w.alice = tepin.Actor{Kind: tepin.ActorIntegration, ID: "alice", Name: "Alice"}
	w.bob = tepin.Actor{Kind: tepin.ActorIntegration, ID: "bob", Name: "Bob"}
	w.must(w.CreateInstance(w.ctx, tepin.Instance{ID: "i", Issuer: "https://tepin.example/", MasterKeyID: "m", MasterKeyCheck: []byte{1}, PepperID: "p", PepperCheck: []byte{2}}))
	sub, err := w.CreateSubscription(w.ctx, tepin.System, tepin.Subscription{Name: "Example"})
	w.must(err)
	for i, id := range []*tepin.EnvironmentID{&w.env, &w.other} {
		e, err := w.CreateEnvironment(w.ctx, tepin.System, tepin.Environment{SubscriptionID: sub.ID, Name: fmt.Sprintf("World %d", i), TechnicalName: fmt.Sprintf("world-%d", i)})
		w.must(err)
		*id = e.ID
	}
}

// must fails the test on an error.
func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// is fails the test unless the error is of the kind.
func (w *world) is(kind tepin.Kind, err error) {
	w.Helper()
	if err == nil || tepin.KindOf(err) != kind {
		w.Fatalf("error %v is of kind %d, want %d", err, tepin.KindOf(err), kind)
	}
}

// equal fails the test unless both are the same.
func equal[T any](w *world, got, want T) {
	w.Helper()
	if !reflect.DeepEqual(got, want) {
		w.Fatalf("got %v, want %v", got, want)
	}
}

// blob reserves bytes and returns their reference.
func (w *world) blob(env tepin.EnvironmentID) tepin.BlobRef {
	w.Helper()
	key := string(env) + "/" + tepin.NewID[string]()
	w.must(w.ReserveBlob(w.ctx, env, key))
	return tepin.BlobRef{Key: key, Size: 3, SHA256: "abc"}
}

// template adds a template.
func (w *world) template(env tepin.EnvironmentID, folder, name string) tepin.Template {
	w.Helper()
	v, err := w.CreateTemplate(w.ctx, w.alice, tepin.Template{EnvironmentID: env, Name: name, Folder: folder, Document: w.blob(env)})
	w.must(err)
	return v
}

// integration adds an integration with a secret that ends in ten days.
func (w *world) integration(env tepin.EnvironmentID, name string) (tepin.Integration, tepin.Secret) {
	w.Helper()
	secret := tepin.Secret{ID: tepin.NewID[tepin.CredentialID](), Label: "first", MAC: []byte{1, 2, 3}, PepperID: "p", LastFour: "abcd", ExpiresAt: w.clock.Now().Add(10 * 24 * time.Hour)}
	i, err := w.CreateIntegration(w.ctx, w.admin, tepin.Integration{EnvironmentID: env, Name: name, Description: "d", Scopes: tepin.MustScopes(tepin.AllScopes...), Enabled: true}, secret)
	w.must(err)
	list, err := w.Secrets(w.ctx, env, i.ID)
	w.must(err)
	equal(w, len(list), 1)
	return i, list[0]
}

// swept sweeps all blobs that can be swept now, and returns their keys.
func (w *world) swept() map[string]bool {
	w.Helper()
	keys := map[string]bool{}
	_, err := w.SweepBlobs(w.ctx, w.clock.Now(), 1000, func(_ context.Context, key string) error {
		keys[key] = true
		return nil
	})
	w.must(err)
	return keys
}

// together calls f n times at once.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

func ptr[T any](v T) *T { return &v }
