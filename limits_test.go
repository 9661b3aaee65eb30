package tepin_test

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"
)

// limitRows are the constants that rows of docs/limits.md are about; rows are named by
// how they begin.
var limitRows = map[string]string{
	"connections at once":               "cmd/tepin.maxConnections",
	"request line and headers":          "web.MaxHeader web.HeaderTimeout",
	"request body":                      "web.MaxBody web.MaxJSON",
	"speed of a body":                   "web.MinRate",
	"JSON depth":                        "web.MaxDepth document.MaxDepth",
	"documents and orders over 64 KB":   "environmentapi.maxInMemory",
	"rows of a page of a list":          "tepin.MaxLimit tepin.DefaultLimit",
	"life of a `nextPageToken`":         "web.PageTokenLife",
	"what was deleted":                  "tepin.RestoreTime",
	"token request":                     "oauth.MaxBody oauth.MaxParameters oauth.MaxDepth",
	"access token |":                    "token.MaxSize token.MaxLifetime credential.MaxTokenLifetime",
	"live secrets":                      "tepin.MaxLiveSecrets",
	"label of a secret":                 "credential.MaxLabel",
	"users, groups":                     "tepin.MaxMembers tepin.MaxGroups",
	"name of a group":                   "tepin.MaxGroupName tepin.MaxGroupDescription credential.MaxUserName credential.MaxPersonName",
	"e-mail address":                    "credential.MaxEmail",
	"template designers":                "tepin.MaxSeats",
	"link of an invitation":             "tepin.InvitationLifetime tepin.PasswordLinkLifetime",
	"token for a web page":              "oauth.MaxExchanged",
	"web pages of an integration":       "tepin.MaxOrigins",
	"tokens of an integration revoked":  "store.MaxDenied",
	"wrong secrets":                     "access.maxFailures",
	"tokens, API requests":              "tepin.MaxAllowance",
	"periods of a question about usage": "platformapi.MaxPeriods",
	"networks of an integration":        "tepin.MaxNetworks",
	"reusable tokens":                   "store.MaxGrants",
	"session":                           "credential.SessionLifetime",
	"applications of an environment":    "tepin.MaxApplications",
	"application: name":                 "tepin.MaxApplicationName tepin.MaxRedirectURIs tepin.MaxRedirectURI",
	"authorization code":                "grant.CodeLifetime",
	"`state`":                           "grant.maxState grant.maxNonce",
	"access token of a person":          "grant.PersonLifetime",
	"sign-in to an application":         "grant.LoginLifetime",
	"sign-ins of a person":              "store.MaxLogins",
	"device: codes":                     "grant.DeviceLifetime tepin.MaxDeviceMisses",
	"sign-ins by devices that wait":     "store.MaxDeviceRequests",
	"set-up link":                       "credential.SetupLifetime",
	"integration: name":                 "tepin.MaxIntegrationName tepin.MaxIntegrationDescription",
	"environment: name":                 "credential.MaxEnvironmentName",
	"overlap":                           "credential.MaxOverlap",
	"password":                          "credential.MinPassword credential.MaxPassword",
	"keys and trusts":                   "tepin.MaxTrusts credential.MaxPublicKeys",
	"DPoP proof |":                      "token.MaxProof token.MaxProofID token.MaxSkew access.MaxProofSkew",
	"nonce for DPoP":                    "access.NonceLife",
	"DPoP proofs that a server":         "access.replayMax",
	"client certificate":                "web.maxCertificate",
	"client assertion":                  "oauth.MaxAssertion oauth.AssertionLife oauth.WorkloadLife",
	"URL |":                             "outbound.MaxURL",
	"redirects":                         "outbound.MaxRedirects",
	"answer: time":                      "outbound.Timeout outbound.MaxHeader outbound.MaxBody",
	"key set":                           "oauth.maxKeySetBody credential.maxForeignKeys oauth.minKeptKeys oauth.maxKeptKeys",
	"a call of a script":                "script.MaxMemory script.MaxTime script.MaxCall",
	"its requests":                      "script.MaxFetches script.MaxAtOnce",
	"text that a script gets":           "connector.MaxText connector.MaxCallText",
	"its answer |":                      "script.MaxResult",
	"values of a context":               "environmentapi.maxContext",
	"body of a call":                    "environmentapi.maxRunBody",
	"calls of all environments":         "script.queueTime",
	"files that a script gets":          "connector.MaxCallSpool",
	"pictures and fonts of connectors":  "output.MaxDownloads output.MaxAssetBytes output.maxFetchTime output.MaxDownloadFonts tepin.MaxFont",
	"the same of one preview":           "output.PreviewPatience",
	"rows of a data connector":          "environmentapi.MaxVariableRows environmentapi.MaxVariableBytes output.MaxRecords output.MaxRowBytes output.MaxRowTime",
	"connectors of an environment":      "tepin.MaxConnectors",
	"script; the body":                  "tepin.MaxConnectorScript environmentapi.maxConnectorBody",
	"options":                           "tepin.MaxConnectorOptionKeys tepin.MaxConnectorOptions",
	"`allowedDomains`":                  "tepin.MaxAllowedDomains",
	"what a credential":                 "connector.maxAuthValue",
	"call through the proxy":            "connector.MaxURL outbound.MaxExchangeURL environmentapi.maxReplayed",
	"its answer: header":                "connector.MaxAnswer connector.callTime",
	"token endpoint":                    "connector.maxTokenAnswer connector.maxToken connector.failedTime",
	"token of an upstream":              "connector.longestLife connector.unknownLife",
	"sign-in to an upstream":            "tepin.SignInTime",
	"staged files":                      "environmentapi.maxStaged environmentapi.maxStagedBytes store.MaxStagedFiles store.MaxStagedBytes",
	"size":                              "tepin.MaxDocument document.MaxValues",
	"pages; layouts; frames":            "document.MaxPages document.MaxLayouts document.MaxFrames document.MaxFrameProperties",
	"text of a layout":                  "document.MaxText render/text.MaxCharacters",
	"variables; styles":                 "document.MaxVariables document.MaxStyles document.MaxTextTokens",
	"chain of anchors":                  "document.maxAnchorChain document.maxLayoutChain",
	"projects that one call":            "tepin.MaxBulk",
	"others with whom":                  "tepin.MaxProjectShares",
	"user interfaces":                   "tepin.MaxDefinitions",
	"form of a user interface":          "environmentapi.maxFormBuilder environmentapi.maxFormDepth environmentapi.maxFormSections environmentapi.maxHelpText",
	"brand kit":                         "environmentapi.maxBrandKit environmentapi.maxKitFonts environmentapi.maxKitThemes environmentapi.maxKitList",
	"media |":                           "asset.MaxMedia asset.MaxUpload",
	"picture, Photoshop":                "tepin.MaxImageSide tepin.MaxImagePixels",
	"SVG":                               "asset/inspect.MaxSVG asset/inspect.maxDepth",
	"what is read of a media file":      "asset/inspect.maxInflated",
	"texts that are added":              "tepin.MaxOwn asset.MaxOwnName asset.MaxOwnText",
	"picture of another system":         "asset.MaxExternal",
	"media, font styles":                "tepin.MaxBulk",
	"font |":                            "tepin.MaxFont tepin.MaxFamilyStyles asset.MaxFontFiles environmentapi.maxFontBody",
	"names; folder paths":               "asset.MaxName tepin.MaxFolderPath tepin.MaxFolderDepth",
	"folder: renamed":                   "tepin.MaxFolderMove",
	"folder: deleted":                   "tepin.MaxFolderTrash",
	"tags: of an environment":           "tepin.MaxTags tepin.MaxTemplateTags tepin.MaxTagged",
	"name of a tag":                     "environmentapi.maxTagName tepin.MaxTagFilter",
	"template collection":               "tepin.MaxEntries tepin.MaxDescription",
	"archive that is imported":          "asset.MaxArchive asset.MaxArchiveContent asset.MaxArchiveEntries asset.maxDirectory",
	"its media; fonts":                  "asset.MaxArchiveMedia asset.MaxArchiveFonts asset.maxManifest asset.maxArchiveName",
	"what an exported document":         "output.maxReferences",
	"cover of a template collection":    "asset.MaxCover",
	"outputs of an environment":         "store.MaxQueued",
	"rows of `variables`":               "output.MaxRecords output.MaxRowBytes",
	"GIF, MP4":                          "output.MaxAnimationSide output.MaxFrames output.MaxAnimationPixels tepin.MaxFPS tepin.MaxGIFFPS",
	"timeline":                          "output.MaxTimeline",
	"all frames of all records":         "output.maxAnimatedPixels",
	"output settings of an environment": "store.MaxOutputSettings environmentapi.MaxDescription environmentapi.MaxWatermarkText",
	"scaling; size of a file":           "tepin.MinScaling tepin.MaxScaling environmentapi.MaxFileSize",
	"crop marks":                        "environmentapi.MaxMarkOffset environmentapi.MaxMarkWeight",
	"fonts and pictures that one":       "output.MaxAssetBytes",
	"all files of one output":           "output.MaxFiles output.MaxOutputBytes",
	"errors that its report":            "output.maxReported output.maxDetails",
	"file that a preview":               "preview.MaxPicture",
	"one preview":                       "preview.maxMade",
	"previews of media and fonts of":    "preview.maxWaiting store.MaxQueuedPreviews",
	"`layoutId`":                        "preview.maxViewID",
	"all previews":                      "preview.MaxKept",
	"no word from the database":         "access.MaxAge",
	"clock beside the database's":       "access.MaxSkew",
}

// innerLimits are no limits of an input: what stands behind one that is named, what an
// installation sets, and what the renderer could take if documents were allowed more.
var innerLimits = regexp.MustCompile(`^(client|console|sandbox|render(/.*)?)\.|^access\.JWKSMaxAge$`)

// Every exported limit stands in docs/limits.md, and every number there that a constant
// sets is that constant's.
func TestLimitsPage(t *testing.T) {
	text, err := os.ReadFile("docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	values := constants(t)
	named := map[string]bool{}
	for begins, names := range limitRows {
		row := limitRow(string(text), begins)
		if row == "" {
			t.Errorf("docs/limits.md has no row, or several, of %q", begins)
			continue
		}
		for name := range strings.FieldsSeq(names) {
			named[name] = true
			if v := values[name]; v == nil {
				t.Errorf("%s, which %q is about, is no constant", name, begins)
			} else if !says(row, v) {
				t.Errorf("%s is %v; the row does not say so: %s", name, v, row)
			}
		}
	}
	for name := range values {
		pkg, short, _ := strings.Cut(name, ".")
		if strings.HasPrefix(short, "Max") && !named[name] && !innerLimits.MatchString(name) && !strings.HasSuffix(pkg, "test") {
			t.Errorf("%s is in no row of docs/limits.md; name its row in limitRows", name)
		}
	}
}

// limitRow is the one row that begins so, in lower case or not.
func limitRow(page, begins string) (row string) {
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "| "+begins) {
			if row != "" {
				return ""
			}
			row = line
		}
	}
	return row
}

// says reports whether a row has the number in one of the ways in which pages write it.
func says(row string, v constant.Value) bool {
	ways := []string{grouped(v)}
	if n, exact := constant.Int64Val(constant.ToInt(v)); exact {
		for unit, size := range map[string]int64{"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "million": 1e6, "TB of 1,000 GB": 1e12, "GB of 1,000 MB": 1e6,
			"s": int64(time.Second), "min": int64(time.Minute), "h": int64(time.Hour), "days": 24 * int64(time.Hour)} {
			if n%size == 0 {
				ways = append(ways, grouped(constant.MakeInt64(n/size))+" "+unit)
			}
		}
	}
	for _, way := range ways {
		if regexp.MustCompile(`(^|[^\d,.])` + regexp.QuoteMeta(way) + `([^\d\w,]|, |$)`).MatchString(row) {
			return true
		}
	}
	return false
}

// grouped writes 1234567 as 1,234,567.
func grouped(v constant.Value) string {
	text := v.ExactString()
	if v.Kind() == constant.Float {
		text = v.String()
	}
	for i := len(text) - 3; i > 0 && !strings.Contains(text, "."); i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// constants are the numbers that the packages name: package.name → value.
func constants(t *testing.T) map[string]constant.Value {
	t.Helper()
	c := evaluator{exprs: map[string]ast.Expr{}, values: map[string]constant.Value{}}
	for i, unit := range []time.Duration{time.Microsecond, time.Millisecond, time.Second, time.Minute, time.Hour} {
		c.values["time."+[]string{"Microsecond", "Millisecond", "Second", "Minute", "Hour"}[i]] = constant.MakeInt64(int64(unit))
	}
	for _, f := range goFiles(t) {
		if strings.HasSuffix(f.path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		pkg := path.Dir(f.path)
		if pkg == "." {
			pkg = "tepin"
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, s := range g.Specs {
				spec := s.(*ast.ValueSpec)
				for i, value := range spec.Values {
					c.exprs[pkg+"."+spec.Names[i].Name] = value
				}
			}
		}
	}
	for name := range c.exprs {
		c.named(name)
	}
	return c.values
}

// evaluator works out constants from their source; what is no number is nothing.
type evaluator struct {
	exprs  map[string]ast.Expr
	values map[string]constant.Value
}

func (c evaluator) named(name string) constant.Value {
	if v, done := c.values[name]; done {
		return v
	}
	if e := c.exprs[name]; e != nil {
		pkg, _, _ := strings.Cut(name, ".")
		if v := c.eval(pkg, e); v != nil {
			c.values[name] = v
		}
	}
	return c.values[name]
}

func (c evaluator) eval(pkg string, e ast.Expr) constant.Value {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.INT || e.Kind == token.FLOAT {
			return constant.MakeFromLiteral(e.Value, e.Kind, 0)
		}
	case *ast.ParenExpr:
		return c.eval(pkg, e.X)
	case *ast.Ident:
		return c.named(pkg + "." + e.Name)
	case *ast.SelectorExpr: // packages are named by the end of their path
		for name := range c.exprs {
			if in, short, _ := strings.Cut(name, "."); short == e.Sel.Name && path.Base(in) == fmt.Sprint(e.X) {
				return c.named(name)
			}
		}
		return c.named(fmt.Sprint(e.X) + "." + e.Sel.Name)
	case *ast.BinaryExpr:
		x, y := c.eval(pkg, e.X), c.eval(pkg, e.Y)
		switch {
		case x == nil || y == nil || x.Kind() == constant.String || y.Kind() == constant.String:
		case e.Op == token.SHL:
			n, _ := constant.Uint64Val(y)
			return constant.Shift(x, token.SHL, uint(n))
		case e.Op == token.QUO && x.Kind() == constant.Int && y.Kind() == constant.Int:
			return constant.BinaryOp(x, token.QUO_ASSIGN, y)
		case e.Op == token.ADD || e.Op == token.SUB || e.Op == token.MUL:
			return constant.BinaryOp(x, e.Op, y)
		}
	}
	return nil
}
