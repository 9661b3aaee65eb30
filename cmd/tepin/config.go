package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/tepin/tepin/limit"
	"github.com/tepin/tepin/outbound"
)

// config is every setting of the server. A setting has one key, which is its flag,
// with TEPIN_ before it in capitals its environment variable, and its key in the
// configuration file. Flags win over variables, variables over the file.
type config struct {
	Listen             string
	PublicURL          string
	Data               string
	DatabaseURL        string
	KeyDir             string
	TLSCert            string
	TLSKey             string
	InsecureHTTP       bool
	AllowedHosts       []string
	TrustedProxies     []netip.Prefix
	CertificateHeader  string
	MTLSListen         string
	MTLSPublicURL      string
	MTLSClientCA       string
	Audiences          []string
	OutboundAllow      []outbound.Rule
	OutboundCA         string
	ClientRate         limit.Rate
	AddressRate        limit.Rate
	AdministratorEmail string
	Workers            int
	KeyRotation        time.Duration
	LogFormat          string
	LogLevel           string

	given map[string]bool // the keys that a flag, a variable or the file has
}

// setting describes one key: the one place from which flags, variables, file and
// reference are made.
type setting struct {
	key, preset, doc string
	set              func(*config, string) error
}

func word(field func(*config) *string) func(*config, string) error {
	return func(c *config, v string) error { *field(c) = v; return nil }
}

var settings = []setting{
	{"listen", "127.0.0.1:8080", "address and port to listen on; port 0 takes a free one",
		word(func(c *config) *string { return &c.Listen })},
	{"public_url", "", "the URL that clients use, without a path; empty: http:// and the listening address, for this machine alone",
		func(c *config, v string) (err error) { c.PublicURL, err = parsePublicURL(v); return err }},
	{"allowed_hosts", "", "further host names, separated by commas, that requests may name beside the public URL's",
		func(c *config, v string) error { c.AllowedHosts = list(v); return nil }},
	{"data", "tepin-data", "directory of the database and the files",
		word(func(c *config) *string { return &c.Data })},
	{"database_url", "", "postgres://… for PostgreSQL; empty: SQLite in the data directory",
		word(func(c *config) *string { return &c.DatabaseURL })},
	{"key_dir", "", "directory of master.key and pepper.key; empty: the data directory's name with -keys after it, or, for data that a demo made, keys in it. Keep it out of backups of the data",
		word(func(c *config) *string { return &c.KeyDir })},
	{"tls_cert", "", "certificate chain, PEM; read again when it changes",
		word(func(c *config) *string { return &c.TLSCert })},
	{"tls_key", "", "private key of the certificate, PEM",
		word(func(c *config) *string { return &c.TLSKey })},
	{"insecure_http", "false", "allow plain HTTP on an address other than loopback: only behind a proxy that does TLS",
		func(c *config, v string) (err error) {
			if c.InsecureHTTP, err = strconv.ParseBool(v); err != nil {
				err = fmt.Errorf("%q is neither true nor false", v)
			}
			return err
		}},
	{"trusted_proxies", "", "networks, separated by commas, whose X-Forwarded-* headers are believed",
		func(c *config, v string) error { return parseProxies(c, v) }},
	{"client_certificate_header", "", "header in which a trusted proxy hands over the certificate of its client, at mtls_public_url if that is set, as nginx's $ssl_client_escaped_cert or as RFC 9440 has it; empty: none is believed",
		word(func(c *config) *string { return &c.CertificateHeader })},
	{"mtls_listen", "", "address and port to listen on for clients that come with certificates, with the same tls_cert and tls_key; empty: nowhere",
		word(func(c *config) *string { return &c.MTLSListen })},
	{"mtls_public_url", "", "the URL that such clients use, https:// and without a path; another than public_url",
		func(c *config, v string) (err error) { c.MTLSPublicURL, err = parsePublicURL(v); return err }},
	{"mtls_client_ca", "", "certificates, PEM, of authorities one of which must have signed a client's certificate there; empty: any certificate is taken, also one that signed itself. Read at the start",
		word(func(c *config) *string { return &c.MTLSClientCA })},
	{"audiences", "https://chiligrafx.com", "further audiences of access tokens, separated by commas, beside the public URL; - for none",
		func(c *config, v string) error { c.Audiences = list(v); return nil }},
	{"outbound_allow", "", "addresses, networks and host names, separated by commas, that are not public and may be called all the same, for key sets, issuers and connectors; connectors call them by http:// too: 10.1.2.3, 10.1.0.0/16, keys.internal:8443",
		func(c *config, v string) error { return parseOutbound(c, v) }},
	{"outbound_ca", "", "certificates, PEM, of authorities that are trusted beside the system's when other hosts are called",
		word(func(c *config) *string { return &c.OutboundCA })},
	{"client_rate", clientRate, "how often a node answers one integration with a token: so many each second, and up to so many at once; 0 for no limit",
		rate(func(c *config) *limit.Rate { return &c.ClientRate })},
	{"address_rate", addressRate, "how many requests to the token server a node takes from one address (IPv6: one /64): so many each second, and up to so many at once; 0 for no limit",
		rate(func(c *config) *limit.Rate { return &c.AddressRate })},
	{"key_rotation", "90", "days for which a signing key signs before the next one takes over; 0: until tepin keys rotate",
		func(c *config, v string) error {
			days, err := strconv.Atoi(v)
			if err != nil || days < 0 || days > 3650 {
				return fmt.Errorf("%q is no number of days between 0 and 3650", v)
			}
			c.KeyRotation = time.Duration(days) * 24 * time.Hour
			return nil
		}},
	{"administrator_email", "admin@localhost", "e-mail address of the first administrator",
		word(func(c *config) *string { return &c.AdministratorEmail })},
	{"workers", "0", "renders at once; 0: one for each processor. Half as many more where one environment has them all and another has none",
		func(c *config, v string) (err error) {
			c.Workers, err = strconv.Atoi(v)
			if err != nil || c.Workers < 0 || c.Workers > 256 {
				err = fmt.Errorf("%q is no number between 0 and 256", v)
			}
			if c.Workers == 0 {
				c.Workers = runtime.NumCPU()
			}
			return err
		}},
	{"log_format", "text", "text or json", oneOf(func(c *config) *string { return &c.LogFormat }, "text", "json")},
	{"log_level", "info", "debug, info, warn or error", oneOf(func(c *config) *string { return &c.LogLevel }, "debug", "info", "warn", "error")},
}

// The presets of the rates are far beyond what a client needs that asks for a token with
// each of its calls.
const (
	clientRate  = "100/1000"
	addressRate = "500/5000"
)

func rate(field func(*config) *limit.Rate) func(*config, string) error {
	return func(c *config, v string) (err error) { *field(c), err = limit.ParseRate(v); return err }
}

func oneOf(field func(*config) *string, values ...string) func(*config, string) error {
	return func(c *config, v string) error {
		for _, allowed := range values {
			if v == allowed {
				*field(c) = v
				return nil
			}
		}
		return fmt.Errorf("%q is none of: %s", v, strings.Join(values, ", "))
	}
}

func list(v string) []string {
	var items []string
	for item := range strings.SplitSeq(v, ",") {
		if item = strings.TrimSpace(item); item != "" && item != "-" {
			items = append(items, item)
		}
	}
	return items
}

func parsePublicURL(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	u, err := url.Parse(v)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return "", fmt.Errorf("%q is no URL of the form https://host", v)
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

func parseProxies(c *config, v string) error {
	for _, item := range list(v) {
		prefix, err := netip.ParsePrefix(item)
		if addr, addrErr := netip.ParseAddr(item); addrErr == nil {
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return fmt.Errorf("%q is no network such as 10.0.0.0/8", item)
		}
		c.TrustedProxies = append(c.TrustedProxies, prefix)
	}
	return nil
}

func parseOutbound(c *config, v string) error {
	for _, item := range list(v) {
		rule, err := outbound.ParseRule(item)
		if err != nil {
			return err
		}
		c.OutboundAllow = append(c.OutboundAllow, rule)
	}
	return nil
}

// loadConfig reads the settings from args, the environment and the configuration
// file. keys names those that become flags; empty means all. more may declare
// further flags of the command.
func loadConfig(name string, args []string, env func(string) string, stderr io.Writer, keys []string, more func(*flag.FlagSet)) (config, error) {
	flags := flag.NewFlagSet("tepin "+name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	given := map[string]string{}
	for _, s := range settings {
		if len(keys) > 0 && !strings.Contains(" "+strings.Join(keys, " ")+" ", " "+s.key+" ") {
			continue
		}
		flags.Func(s.key, s.doc+defaultNote(s), func(v string) error { given[s.key] = v; return nil })
	}
	file := flags.String("config", env("TEPIN_CONFIG"), "configuration file: lines of key = value")
	if more != nil {
		more(flags)
	}
	if err := flags.Parse(args); err != nil {
		if err == flag.ErrHelp {
			return config{}, err
		}
		return config{}, errUsage
	}
	if flags.NArg() > 0 {
		return config{}, fmt.Errorf("%s takes no argument %q", name, flags.Arg(0))
	}
	inFile, err := readConfigFile(*file)
	if err != nil {
		return config{}, err
	}
	return applySettings(given, env, inFile, *file)
}

// applySettings takes each setting from where it is given first: flag, variable, file.
func applySettings(given map[string]string, env func(string) string, inFile map[string]string, file string) (config, error) {
	c := config{given: map[string]bool{}}
	for _, s := range settings {
		const preset = "the default"
		value, from := s.preset, preset
		if v, ok := inFile[s.key]; ok {
			value, from = v, file
		}
		if v := env(variable(s)); v != "" {
			value, from = v, variable(s)
		}
		if v, ok := given[s.key]; ok {
			value, from = v, "-"+s.key
		}
		c.given[s.key] = from != preset
		if err := s.set(&c, value); err != nil {
			return c, fmt.Errorf("%s (from %s): %w", s.key, from, err)
		}
	}
	if c.KeyDir == "" {
		c.KeyDir = defaultKeyDir(c.Data)
	}
	return c, c.check()
}

// demoKeyDir is where the demo keeps its keys: a demo is one directory.
func demoKeyDir(data string) string { return filepath.Join(data, "keys") }

// defaultKeyDir is beside the data, so that a backup of the data has no keys in it;
// data that a demo made brings its own.
func defaultKeyDir(data string) string {
	if _, err := os.Stat(demoKeyDir(data)); err == nil {
		return demoKeyDir(data)
	}
	return filepath.Clean(data) + "-keys"
}

// check refuses settings that contradict each other.
func (c config) check() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %q is no address with a port, such as 127.0.0.1:8080", c.Listen)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return fmt.Errorf("tls_cert and tls_key belong together: give both or none")
	}
	if c.TLSCert == "" && !c.InsecureHTTP && !loopback(host) {
		return fmt.Errorf("listen: %s is not loopback, and there is no certificate: set tls_cert and tls_key, or, behind a proxy that does TLS, insecure_http", c.Listen)
	}
	if !loopback(host) && c.PublicURL == "" {
		return fmt.Errorf("public_url is needed to listen on %s: the URL under which clients reach this server", c.Listen)
	}
	return c.checkMTLS()
}

// checkMTLS is check for what has to do with client certificates.
func (c config) checkMTLS() error {
	host, _, err := net.SplitHostPort(c.MTLSListen)
	switch {
	case c.MTLSListen != "" && err != nil:
		return fmt.Errorf("mtls_listen: %q is no address with a port, such as 127.0.0.1:8443", c.MTLSListen)
	case c.MTLSListen != "" && c.TLSCert == "":
		return fmt.Errorf("mtls_listen needs the server's own certificate: set tls_cert and tls_key")
	case c.MTLSListen != "" && c.MTLSPublicURL == "" && (c.PublicURL != "" || !loopback(host)):
		return fmt.Errorf("mtls_public_url is needed to listen on %s: the URL under which clients with certificates reach this server", c.MTLSListen)
	case c.MTLSListen == "" && c.MTLSClientCA != "":
		return fmt.Errorf("mtls_client_ca is for mtls_listen, which is not set")
	case c.MTLSListen == "" && c.CertificateHeader == "" && c.MTLSPublicURL != "":
		return fmt.Errorf("mtls_public_url says where clients with certificates come, but nothing sees their certificates: set mtls_listen, or, behind a proxy that asks for them, client_certificate_header")
	case c.MTLSPublicURL != "" && (c.PublicURL == "" || c.PublicURL == c.MTLSPublicURL || !strings.HasPrefix(c.MTLSPublicURL, "https://")):
		return fmt.Errorf("mtls_public_url must begin with https:// and be another than public_url, which must be set too")
	case c.CertificateHeader != "" && !headerName(c.CertificateHeader):
		return fmt.Errorf("client_certificate_header: %q is no name of a header, such as Client-Cert", c.CertificateHeader)
	case c.CertificateHeader != "" && len(c.TrustedProxies) == 0:
		return fmt.Errorf("client_certificate_header is believed from trusted_proxies alone: set them")
	}
	return nil
}

// headerName reports whether s has only letters, digits and dashes.
func headerName(s string) bool {
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

func variable(s setting) string { return "TEPIN_" + strings.ToUpper(s.key) }

func defaultNote(s setting) string {
	if s.preset == "" {
		return ""
	}
	return " (default " + s.preset + ")"
}

// readConfigFile reads lines of "key = value"; # begins a comment line.
func readConfigFile(name string) (map[string]string, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	defer f.Close()
	values := map[string]string{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		switch {
		case !ok:
			return nil, fmt.Errorf("%s:%d: %q is not of the form key = value", name, n, line)
		case !known(key):
			return nil, fmt.Errorf("%s:%d: there is no setting %q; tepin config describe lists them", name, n, key)
		}
		if _, twice := values[key]; twice {
			return nil, fmt.Errorf("%s:%d: %s is set twice", name, n, key)
		}
		values[key] = strings.Trim(strings.TrimSpace(value), `"`)
	}
	return values, lines.Err()
}

func known(key string) bool {
	for _, s := range settings {
		if s.key == key {
			return true
		}
	}
	return false
}

func runConfig(_ context.Context, args []string, _ func(string) string, stdout, stderr io.Writer) error {
	if len(args) != 1 || args[0] != "describe" {
		fmt.Fprintln(stderr, "usage: tepin config describe")
		return errUsage
	}
	describe(stdout)
	return nil
}

// describe writes the reference of all settings; docs/configuration.md is its output.
func describe(w io.Writer) {
	fmt.Fprint(w, `# Settings

Each setting has one key. On the command line it is a flag, `+"`-key value`"+`; in the environment a variable,
`+"`TEPIN_KEY`"+`; in the configuration file (`+"`-config FILE` or `TEPIN_CONFIG`"+`) a line, `+"`key = value`"+`. The flag
wins over the variable, the variable over the file. This page is the output of `+"`tepin config describe`"+`.

| key | variable | default | what it is |
|---|---|---|---|
`)
	for _, s := range settings {
		preset := s.preset
		if preset != "" {
			preset = "`" + preset + "`"
		}
		fmt.Fprintf(w, "| `%s` | `%s` | %s | %s |\n", s.key, variable(s), preset, s.doc)
	}
	fmt.Fprint(w, `
The keys themselves come from files in `+"`key_dir`"+`, or from `+"`TEPIN_MASTER_KEY` and `TEPIN_PEPPER`"+` (32 bytes, base64),
which are never flags and never in a file of settings.
`)
}
