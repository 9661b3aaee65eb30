package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/audit"
	"github.com/tepin/tepin/blob/disk"
	"github.com/tepin/tepin/connector"
	"github.com/tepin/tepin/console"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/environmentapi"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/job"
	"github.com/tepin/tepin/limit"
	"github.com/tepin/tepin/oauth"
	"github.com/tepin/tepin/output"
	"github.com/tepin/tepin/platformapi"
	"github.com/tepin/tepin/preview"
	"github.com/tepin/tepin/quota"
	"github.com/tepin/tepin/sandbox"
	"github.com/tepin/tepin/script"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/web"
)

// stopTime is how long a server may take to stop: requests and renders drain in it.
const stopTime = 9 * time.Second

func runServe(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	c, err := loadConfig("serve", args, env, stderr, nil, nil)
	if err != nil {
		return err
	}
	srv, err := start(ctx, c, startOptions{}, stderr)
	if err != nil {
		return err
	}
	if err := srv.invite(ctx, c.AdministratorEmail, stdout); err != nil {
		return firstOf(err, srv.stop())
	}
	fmt.Fprintf(stdout, "Tepin listens on %s and is reached at %s\n", srv.listener.Addr(), srv.url)
	if l := srv.certified.listener; l != nil {
		fmt.Fprintf(stdout, "Clients with certificates: on %s, reached at %s\n", l.Addr(), srv.certified.url)
	}
	serving := make(chan error, 1)
	go func() { serving <- srv.serve() }()
	select {
	case <-ctx.Done():
		return srv.stop()
	case err := <-serving:
		return firstOf(err, srv.stop())
	}
}

// startOptions are what differs between the commands that start a server.
type startOptions struct {
	demo bool // a demo may come back at another address: it gets new signing keys then
}

// server is everything that runs in one process.
type server struct {
	url          string // the public URL
	listener     net.Listener
	http         *http.Server
	certified    mtls // for clients with certificates
	log          *slog.Logger
	store        *store.Store
	access       *access.Directory
	credential   *credential.Service
	quota        *quota.Counter
	keyring      *access.Keyring
	scripts      *script.Pool
	subscription tepin.SubscriptionID

	background sync.WaitGroup
	halt       context.CancelFunc // ends what runs in the background
	ballast    []byte             // see [heapFloor]
}

// How many integrations and addresses are remembered for their rates, about 100 bytes
// each: more than ask within the seconds in which a rate is used up.
const (
	rememberedClients = 16_384
	rememberedPlaces  = 65_536
)

// heapFloor is allocated and never touched. Little of what a server allocates lives
// long, so that the collector, which waits for the heap to double, would run for every
// 4 MB of garbage. The ballast doubles with it: address space, not memory.
const heapFloor = 24 << 20

// start builds the server from its settings. It is the only wiring: read it from top
// to bottom. Nothing is served before [server.serve].
func start(ctx context.Context, c config, o startOptions, stderr io.Writer) (_ *server, err error) {
	var undo []func() error
	defer func() {
		if err != nil {
			for i := len(undo) - 1; i >= 0; i-- {
				err = errors.Join(err, undo[i]())
			}
		}
	}()

	// The ground: log, address, foreign hosts, data directory, keys, database, files.
	log := newLog(c, stderr)
	for _, missing := range sandbox.Missing() {
		log.Warn("foreign files are read with less around them than elsewhere", "missing", missing)
	}
	listener, err := listen(c)
	if err != nil {
		return nil, err
	}
	undo = append(undo, listener.Close)
	url := c.PublicURL
	if url == "" {
		url = scheme(c) + "://" + listener.Addr().String()
	}
	certified, err := listenMTLS(c)
	if err != nil {
		return nil, err
	}
	undo = append(undo, certified.close)
	foreign, err := newOutbound(c, addresses(listener, certified)...)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	keys, db, err := openBound(ctx, c, url+"/", o.demo)
	for errors.Is(err, credential.ErrKeysMade) { // twice at most: there are two files
		keys, db, err = openBound(ctx, c, url+"/", o.demo)
	}
	if err != nil {
		return nil, err
	}
	undo = append(undo, db.Close)
	files, err := disk.Open(filepath.Join(c.Data, "files"))
	if err != nil {
		return nil, err
	}
	subscription, err := db.FirstSubscription(ctx, tepin.System, tepin.Subscription{Name: "Tepin"})
	if err != nil {
		return nil, err
	}

	// The rules.
	keyring := &access.Keyring{Store: db, Seal: keys.SealSigningKey, SealedBy: keys.Seal.ID(), Every: c.KeyRotation}
	if err := keyring.Ensure(ctx); err != nil {
		return nil, err
	}
	directory, err := access.New(ctx, access.Options{
		Store: db, Issuer: url + "/", PublicURL: url, Log: log,
		MAC: keys.Pepper.MAC, PepperID: keys.Pepper.ID(), CheckForm: credential.CheckForm, OpenKey: keys.OpenSigningKey, NonceKey: keys.Seal.Derive("dpop nonces", 32),
		NoticeKey: keys.Seal.Derive("notices", 32),
	})
	if err != nil {
		return nil, err
	}
	keyring.Access = directory
	keySets := oauth.NewKeySets(foreign, log, nil)
	credentials := credential.New(credential.Options{Store: db, Access: directory, Keys: keys, Log: log, CheckTrust: keySets.Check})
	grants := &grant.Service{Store: db, Access: directory}
	people := grant.NewPeople(grant.PeopleOptions{
		Store: db, Access: directory, PublicURL: url, Audiences: c.Audiences, CodeKey: keys.Seal.Derive("device user codes", 32),
	})
	quotas, err := quota.New(ctx, quota.Options{Store: db, Access: directory, Log: log})
	if err != nil {
		return nil, err
	}
	assets := &asset.Service{Store: db, Blob: files}
	connectors, err := newConnectors(ctx, db, keys, foreign)
	if err != nil {
		return nil, err
	}
	pages := web.PageTokens{Key: keys.Seal.Derive("page tokens", 32)}
	scripts := script.NewPool(script.Options{Log: log})
	jobs := job.NewRunner(db, log, c.Workers)
	outputs := &output.Service{Store: db, Asset: assets, Wake: jobs.Wake, FFmpeg: sandbox.FindTool("ffmpeg")}
	if outputs.FFmpeg == "" {
		log.Warn("there is no ffmpeg on the PATH: MP4 files cannot be made")
	}
	jobs.Handlers["output"] = job.Handler{Do: outputs.Run, Bury: outputs.Bury}
	previews := preview.New(preview.Options{Store: db, Asset: assets, Output: outputs, Wake: jobs.Wake, Log: log})
	runner := &connector.Runner{Store: db, Proxy: connectors, Pool: scripts, Own: environmentapi.Own(assets, previews, pages), Log: log, Version: tepin.SDKVersion}
	outputs.Connectors = environmentapi.OutputConnectors(runner)
	jobs.Handlers["preview"] = job.Handler{Do: previews.Run, Bury: previews.Bury}
	jobs.Sweeps = sweeps(db, assets, keyring, &audit.Keeper{Store: db, Log: log, Issuer: url + "/", Sign: directory.SignAuditHeads})
	jobs.Sweeps = append(jobs.Sweeps, job.Sweep{Name: "previews", Every: 10 * time.Minute, Do: previews.Sweep}, stagedFiles(db))

	// The doors.
	mux := http.NewServeMux()
	state := health(func(ctx context.Context) error { return firstOf(directory.Ready(), db.Ping(ctx)) })
	tokens := oauth.Handler{Access: directory, Credential: credentials, Grants: grants, People: people, Issuer: url + "/", PublicURL: url, Audiences: c.Audiences, KeySets: keySets,
		Limits: oauth.Limits{
			Clients: limit.NewBuckets[tepin.IntegrationID](c.ClientRate, rememberedClients),
			Places:  limit.NewBuckets[tepin.Place](c.AddressRate, rememberedPlaces),
			Quota:   quotas.Take,
		},
		Certificates: certified.listener != nil || c.CertificateHeader != "", MTLSURL: certified.url}.Routes()
	guard := web.Guard{Directory: directory, Quota: quotas.Take}
	environments := environmentapi.New(environmentapi.Options{
		Guard: guard, Store: db, Asset: assets, Output: outputs, Preview: previews, Version: version(),
		Pages: pages, Connector: connectors, Runner: runner,
		Session: func(r *http.Request) (tepin.User, error) {
			u, _, err := credentials.Session(r.Context(), console.Cookie(r))
			return u, err
		},
	})
	platform := platformapi.New(platformapi.Options{
		Store: db, Access: directory, Credential: credentials, Keyring: keyring, Quota: quotas, Version: version(),
		Session: func(r *http.Request) (tepin.User, string, error) {
			return credentials.Session(r.Context(), console.Cookie(r))
		},
	})
	apis := map[string]http.Handler{"/grafx": environments, "/api": platform, "/swagger": platform}
	doors(mux, guard, slices.Concat(state, tokens), apis)
	mux.Handle("/", console.New(console.Options{Store: db, Access: directory, Credential: credentials, People: people,
		Asset: assets, Output: outputs, Preview: previews, Pages: pages, Suggested: c.AdministratorEmail}))
	stack := web.Stack{Log: log, PublicURL: c.PublicURL, MTLSURL: certified.url, AllowedHosts: c.AllowedHosts,
		TrustedProxies: c.TrustedProxies, CertificateHeader: c.CertificateHeader}
	certified.open(stack, guard, slices.Concat(state, tokens), apis)

	srv := &server{
		url: url, listener: listener, log: log, store: db, access: directory, credential: credentials, keyring: keyring, quota: quotas, scripts: scripts,
		subscription: subscription.ID, http: web.NewServer(stack.Wrap(mux), log), certified: certified,
		ballast: make([]byte, heapFloor),
	}
	srv.run(jobs)
	return srv, nil
}

// run starts what works in the background.
func (s *server) run(jobs *job.Runner) {
	ctx, halt := context.WithCancel(context.Background())
	s.halt = halt
	s.background.Go(func() {
		if err := s.access.Run(ctx); err != nil {
			s.log.Error("access directory", "error", err)
		}
	})
	s.background.Go(func() {
		if err := s.quota.Run(ctx); err != nil {
			s.log.Error("quotas", "error", err)
		}
	})
	s.background.Go(func() { jobs.Run(ctx) })
}

// serve answers requests until stop.
func (s *server) serve() error {
	s.log.Info("listening", "address", s.listener.Addr().String(), "url", s.url, "version", version())
	ended := make(chan error, 2)
	go func() { ended <- s.http.Serve(s.listener) }()
	if l := s.certified.listener; l != nil {
		s.log.Info("listening for clients with certificates", "address", l.Addr().String(), "url", s.certified.url)
		go func() { ended <- s.certified.http.Serve(l) }()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// stop drains requests and renders, and closes everything, within stopTime.
func (s *server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	s.halt()
	var servers errgroup.Group
	servers.Go(func() error { return drain(ctx, s.http) })
	servers.Go(func() error { return drain(ctx, s.certified.http) })
	err := servers.Wait()
	s.background.Wait()
	s.scripts.Close()
	last := context.WithoutCancel(ctx) // of the requests that drained
	err = errors.Join(err, s.access.FlushNotices(last, true), s.quota.Flush(last), s.store.Close())
	s.log.Info("stopped", "clean", err == nil)
	return err
}

// drain lets the requests of a server end, or cuts them when ctx ends: who is still
// talking then has had the time.
func drain(ctx context.Context, srv *http.Server) error {
	err := srv.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	return err
}

// openBound opens keys and database, and ties them to each other.
func openBound(ctx context.Context, c config, issuer string, demo bool) (*credential.Keys, *store.Store, error) {
	keys, err := credential.ReadKeys(c.KeyDir, os.Getenv)
	if err != nil {
		return nil, nil, err
	}
	db, err := store.Open(ctx, store.Options{URL: databaseURL(c)})
	if err != nil {
		return nil, nil, err
	}
	if err := bind(ctx, keys, db, issuer, demo); err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return keys, db, nil
}

// bind ties keys, database and public URL to each other.
func bind(ctx context.Context, keys *credential.Keys, db *store.Store, issuer string, demo bool) error {
	instance, err := keys.Bind(ctx, db, issuer, time.Now())
	if err != nil || instance.Issuer == issuer {
		return err
	}
	// Where there is no environment yet, no token can be lost.
	envs, err := db.Environments(ctx, tepin.List{Limit: 1})
	if err != nil {
		return err
	}
	if demo || len(envs.Items) == 0 {
		return db.Rekey(ctx, tepin.System, issuer)
	}
	return fmt.Errorf("this installation was made for %s, and is now to be %s: tokens name their issuer, so run `tepin rekey` with the new public_url, which ends all tokens and sessions", instance.Issuer, issuer)
}

// invite prints a one-time link while nobody can sign in.
func (s *server) invite(ctx context.Context, email string, w io.Writer) error {
	n, err := s.store.CountAdministrators(ctx)
	if err != nil || n > 0 {
		return err
	}
	link, err := s.credential.NewSetupLink(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "There is no administrator yet. This link, good once and for 30 minutes, makes you one (suggested e-mail: %s):\n\n  %s/setup#%s\n\n", email, s.url, link)
	return nil
}

// sweeps is the housekeeping: files that nothing refers to, what is kept for a time
// only, signing keys that follow one another, and the heads of the audit log.
func sweeps(db *store.Store, assets *asset.Service, keyring *access.Keyring, heads *audit.Keeper) []job.Sweep {
	return []job.Sweep{
		{Name: "expired outputs", Every: 5 * time.Minute, Do: func(ctx context.Context) error {
			_, err := db.ExpireOutputs(ctx, time.Now().Add(-tepin.OutputKept))
			return err
		}},
		{Name: "old tasks", Every: time.Hour, Do: func(ctx context.Context) error {
			_, err := db.DeleteTasks(ctx, time.Now().Add(-tepin.TaskKept))
			return err
		}},
		{Name: "deleted things", Every: 5 * time.Minute, Do: func(ctx context.Context) error {
			_, err := db.PurgeDeleted(ctx, time.Now().Add(-tepin.RestoreTime), 500)
			return err
		}},
		{Name: "deleted environments", Every: 5 * time.Minute, Do: func(ctx context.Context) error {
			_, err := db.PurgeEnvironments(ctx, time.Now().Add(-tepin.EnvironmentGrace), 1000, 200)
			return err
		}},
		{Name: "warnings of ending credentials", Every: time.Hour, Do: func(ctx context.Context) error {
			_, err := db.WarnOfExpiry(ctx)
			return err
		}},
		{Name: "client assertions that were taken", Every: 5 * time.Minute, Do: func(ctx context.Context) error {
			if keyring.Access.Ready() != nil { // a clock that is wrong would forget for the other servers, too
				return nil
			}
			_, err := db.ForgetAssertions(ctx, time.Now())
			return err
		}},
		{Name: "sign-ins that are over", Every: 10 * time.Minute, Do: db.SweepLogins},
		{Name: "unused quotas", Every: time.Hour, Do: func(ctx context.Context) error {
			return db.DeleteUses(ctx, time.Now().Add(-quota.Kept))
		}},
		{Name: "signing keys", Every: time.Minute, Do: keyring.Keep},
		{Name: "sign audit heads", Every: 10 * time.Minute, Do: heads.SignHeads},
		{Name: "record audit heads", Every: time.Hour, Do: heads.RecordHeads},
		{Name: "log the audit head", Every: time.Minute, Do: heads.LogHead},
		{Name: "unreferenced files", Every: 10 * time.Minute, Do: func(ctx context.Context) error {
			_, err := assets.Sweep(ctx)
			return err
		}},
	}
}

// checkTime is how long a check of health may take: a database that is frozen does not
// answer at all.
const checkTime = 2 * time.Second

// health is the routes for whoever watches over the process.
func health(ready func(context.Context) error) []web.Route {
	answer := func(check func(context.Context) error) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			ctx, cancel := context.WithTimeout(r.Context(), checkTime)
			defer cancel()
			if err := check(ctx); err != nil {
				return &tepin.Error{Kind: tepin.Unavailable, Message: "not ready", RetryAfter: time.Second, Cause: err}
			}
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, err := io.WriteString(w, "ok\n")
			return err
		}
	}
	alive := func(context.Context) error { return nil }
	return []web.Route{
		{Method: http.MethodGet, Path: "/healthz", Access: web.Access{Public: true}, Handler: answer(alive)},
		{Method: http.MethodGet, Path: "/readyz", Access: web.Access{Public: true}, Handler: answer(ready)},
	}
}
