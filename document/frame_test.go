package document

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/text"
)

// withFrame is a document of one frame with these members, these properties in its
// only layout, and these members of the document itself.
func withFrame(frame, properties, rest string) []byte {
	return []byte(`{"documentVersion":"0.23.0",` + rest + `"pages":[{"id":"p","frames":[{"id":"f",` + frame + `}]}],` +
		`"layouts":[{"id":"l","width":100000,"height":50000,"frameProperties":[{"id":"f","width":40000,"height":20000` + properties + `}]}]}`)
}

func oneFrame(t *testing.T, raw []byte) (render.Frame, []render.Issue) {
	t.Helper()
	p, issues := pages(t, parse(t, raw), "", nil)
	if len(p) != 1 || len(p[0].Frames) != 1 {
		t.Fatalf("%s: %+v", raw, p)
	}
	return p[0].Frames[0], issues
}

func TestImageFit(t *testing.T) {
	for _, test := range []struct {
		properties string
		fit        render.Fit
		x, y       float64
	}{
		{``, render.FitFill, 0.5, 0.5},
		{`,"fitMode":"fit"`, render.FitFit, 0.5, 0.5},
		{`,"imageFit":{"mode":"fit","position":"topLeft"}`, render.FitFit, 0, 0},
		{`,"imageFit":{"mode":"fill","position":"topCenter"}`, render.FitFill, 0.5, 0},
		{`,"imageFit":{"mode":"fill","position":"topRight"}`, render.FitFill, 1, 0},
		{`,"imageFit":{"mode":"fill","position":"centerLeft"}`, render.FitFill, 0, 0.5},
		{`,"imageFit":{"mode":"fill","position":"centerRight"}`, render.FitFill, 1, 0.5},
		{`,"imageFit":{"mode":"fill","position":"bottomLeft"}`, render.FitFill, 0, 1},
		{`,"imageFit":{"mode":"smartCrop","position":"bottomRight"}`, render.FitFill, 1, 1},
		{`,"imageFit":{"mode":"manualCrop","crop":{"left":1000,"top":2000,"width":0,"height":5}}`, render.FitFill, 0.5, 0.5},
		{`,"imageFit":{"mode":"manualCrop","crop":{"left":1000,"top":2000,"width":3000,"height":4000}}`, render.FitCrop, 0.5, 0.5},
		{`,"crop":{"type":"noCrop","width":1,"height":1}`, render.FitFill, 0.5, 0.5},
	} {
		f, _ := oneFrame(t, withFrame(`"type":"image"`, test.properties, ""))
		if im := f.Image; im.Fit != test.fit || im.AlignX != test.x || im.AlignY != test.y {
			t.Errorf("%s: %+v", test.properties, im)
		}
	}
}

func TestImageSources(t *testing.T) {
	const rest = `"brandKit":{"media":[{"name":"Logo","remoteConnectorId":"dam","assetId":"a-1"}]},"variables":[{"id":"v","name":"v","type":"image","value":null},{"id":"t","name":"t","type":"shortText"}],`
	for _, test := range []struct {
		src   string
		asset Asset
		issue string
	}{
		{`null`, Asset{}, ""},
		{`{"type":"connector","id":"dam","assetId":"x"}`, Asset{"image", "dam::x", "dam", "x", "x", "", "", ""}, ""},
		{`{"type":"connector","connectorId":"dam","assetId":7}`, Asset{"image", "dam::7", "dam", "7", "7", "", "", ""}, ""},
		{`{"type":"connector","id":"dam"}`, Asset{}, ""},
		{`{"type":"brandKitMedia","name":"Logo"}`, Asset{"image", "dam::a-1", "dam", "a-1", "a-1", "", "", ""}, ""},
		{`{"type":"brandKitMedia","name":"Other"}`, Asset{}, `the brand kit has no media named "Other"`},
		{`{"type":"url","url":"https://example.com/a.png"}`, Asset{Kind: "image", Key: "url::https://example.com/a.png", URL: "https://example.com/a.png", Name: "https://example.com/a.png"}, ""},
		{`{"type":"variable","id":"v"}`, Asset{}, ""},
		{`{"type":"variable","id":"t"}`, Asset{}, `there is no image variable with the id "t"`},
		{`{"type":"variable","id":"gone"}`, Asset{}, `there is no image variable with the id "gone"`},
	} {
		raw := withFrame(`"type":"image","src":`+test.src, "", rest)
		f, issues := oneFrame(t, raw)
		var got Asset
		if assets := parse(t, raw).Assets(""); len(assets) > 0 {
			got = assets[0]
		}
		if got != test.asset || f.Image.Key != test.asset.Key {
			t.Errorf("%s: key %q, asset %+v", test.src, f.Image.Key, got)
		}
		if (test.issue == "") != (len(issues) == 0) || len(issues) > 0 && (issues[0].Type != "ImageLoadFailed" || issues[0].Details != test.issue) {
			t.Errorf("%s: issues %v", test.src, issues)
		}
	}
}

func TestShapes(t *testing.T) {
	red := color.FromRGB8(255, 0, 0)
	const paint = `{"type":"local","color":{"type":"rgb","r":255,"g":0,"b":0}}`
	for _, test := range []struct {
		name, frame string
		want        render.Shape
	}{
		{"bare", `"type":"shape"`, render.Shape{Sides: 3}},
		{"round", `"type":"shape","src":{"type":"rectangle","cornerRadius":{"type":"all","radius":5000}}`, render.Shape{Sides: 3, Radii: [4]float64{5, 5, 5, 5}}},
		{"filled", `"type":"shape","shapeProperties":{"fillColor":` + paint + `}`, render.Shape{Sides: 3, Fill: &red}},
		{"fill off", `"type":"shape","shapeProperties":{"enableFill":false,"fillColor":` + paint + `}`, render.Shape{Sides: 3}},
		{"fill not applied", `"type":"shape","shapeProperties":{"enableFill":true,"fillColor":{"isApplied":false,"color":{"type":"rgb"}}}`, render.Shape{Sides: 3}},
		{"stroke without colour", `"type":"shape","shapeProperties":{"enableStroke":true,"strokeWeight":2000}`, render.Shape{Sides: 3, Stroke: &color.Black, StrokeWidth: 2}},
		{"stroke off", `"type":"shape","shapeProperties":{"enableStroke":false,"strokeWeight":2000,"strokeColor":` + paint + `}`, render.Shape{Sides: 3}},
		{"unknown colour", `"type":"shape","shapeProperties":{"enableFill":true,"fillColor":{"type":"brandKit","id":"gone"}}`, render.Shape{Sides: 3, Fill: &color.Black}},
		{"polygon", `"type":"shape","src":{"type":"polygon","sides":2}`, render.Shape{Outline: render.Polygon, Sides: 3}},
		{"star", `"type":"shape","src":{"type":"polygon","sides":1e9}`, render.Shape{Outline: render.Polygon, Sides: 1000}},
		{"own gradient", `"type":"shape","gradient":{"enabled":true,"type":"linearLocal","gradient":{"type":"linear","colors":[` + paint + `]}}`, render.Shape{Sides: 3, Fill: &red}},
		{"brand kit gradient", `"type":"shape","gradient":{"enabled":true,"type":"linearBrandKit","id":"g"}`, render.Shape{Sides: 3, Fill: &red}},
	} {
		f, _ := oneFrame(t, withFrame(test.frame, "", `"brandKit":{"gradients":[{"id":"g","name":"G","gradient":{"type":"linear","colors":[{"type":"rgb","r":255,"g":0,"b":0}]}}]},`))
		if diff := cmp.Diff(test.want, *f.Shape); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
	f, _ := oneFrame(t, withFrame(`"type":"image","container":{"source":{"type":"ellipse"},"properties":{"enableStroke":true,"strokeWeight":500,"strokeColor":`+paint+`}}`, "", ""))
	if s := f.Image.Shape; s.Outline != render.Ellipse || s.StrokeWidth != 0.5 || *s.Stroke != red {
		t.Errorf("container: %+v", s)
	}
}

// What cannot be drawn is named, and the rest of the page is drawn.
func TestUnsupported(t *testing.T) {
	for frame, want := range map[string]string{
		`"type":"barcode"`:                                     `frames of type "barcode" are not drawn`,
		`"type":"component"`:                                   `frames of type "component" are not drawn`,
		`"type":"shape","blendMode":"multiply"`:                `the blend mode "multiply" is drawn as normal`,
		`"type":"shape","dropShadowSettings":{"enabled":true}`: `the drop shadow is not drawn`,
		`"type":"shape","gradient":{"enabled":true}`:           `a gradient is drawn in its first colour`,
		`"type":"text","flowDirection":"onPath"`:               `onPath text is set horizontally`,
		`"type":"text","textStroke":true`:                      `the outline of text is not drawn`,
	} {
		_, issues := pages(t, parse(t, withFrame(frame, "", "")), "", nil)
		if len(issues) != 1 || issues[0] != (render.Issue{Type: "Unsupported", FrameID: "f", Details: want}) {
			t.Errorf("%s: %v", frame, issues)
		}
	}
	if p, issues := pages(t, parse(t, withFrame(`"type":"barcode"`, `,"isVisible":false`, "")), "", nil); len(issues) != 0 || len(p[0].Frames) != 0 {
		t.Errorf("a hidden frame has issues: %v", issues)
	}
}

func TestTextFrame(t *testing.T) {
	f, _ := oneFrame(t, withFrame(`"type":"text","numberOfColumns":99,"columnGap":-1,"verticalAlign":"justify","textDirection":"rightToLeft","paddingBottom":1500`, `,"minCopyfitting":0.5,"maxCopyfitting":1,"enableCopyfitting":true`, ""))
	want := text.Frame{Columns: 10, Vertical: text.JustifyVertically, Direction: text.RightToLeft, Padding: text.Padding{Bottom: 1.5}, CopyfitMin: 50, CopyfitMax: 100}
	if diff := cmp.Diff(want, *f.Text); diff != "" {
		t.Error(diff)
	}
	f, _ = oneFrame(t, withFrame(`"type":"text"`, `,"copyfittingSettings":{"min":20,"max":80,"enabled":false}`, ""))
	if f.Text.CopyfitMax != 0 {
		t.Errorf("copyfitting is off, yet: %+v", f.Text)
	}
}

func TestOldTexts(t *testing.T) {
	for content, want := range map[string]string{
		`""`:            "",
		`"just text"`:   "just text",
		`"<TextFlow/>"`: "",
		`"{}"`:          "",
		`[]`:            "",
		`"<TextFlow><p><span>a<br/>b &amp; c</span></p><p textAlign=\"center\"><span>d</span></p></TextFlow>"`: "a\u2028b & c/d",
		`"{\"textFlow\":[{\"type\":\"text\",\"content\":\"x\"}]}"`:                                             "x",
	} {
		f, _ := oneFrame(t, withFrame(`"type":"text","textContent":`+content, "", ""))
		if got := wordsOf(f.Text.Paragraphs); got != want {
			t.Errorf("%s: %q, want %q", content, got, want)
		}
	}
	for content, want := range map[string]string{
		`"<TextFlow><p>"`:                      "expected a TextFlow element",
		`"` + strings.Repeat("<p>", 300) + `"`: "nested more than 200 deep",
		`"{"`:                                  "the text within: malformed JSON",
		`"{\"textFlow\":[{\"type\":\"variable\"}]}"`: `the text within: $.textFlow[0]: expected a member "id"`,
		`7`: "$.pages[0].frames[0].textContent: expected an array, found a number",
	} {
		_, err := Parse(withFrame(`"type":"text","textContent":`+content, "", ""))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %s", content, err, want)
		}
	}
}

func TestCounts(t *testing.T) {
	many := func(n int, item string) string { return strings.TrimSuffix(strings.Repeat(item+",", n), ",") }
	for want, raw := range map[string]string{
		"$.layouts: 1001 layouts; the limit is 1000":                                 `{"layouts":[` + many(MaxLayouts+1, `{"id":"l"}`) + `]}`,
		"$.variables: 10001 variables; the limit is 10000":                           `{"variables":[` + many(MaxVariables+1, `{"id":"v"}`) + `]}`,
		"$.pages[0].frames[10000]: more than 10000 frames":                           `{"pages":[{"id":"p","frames":[` + many(MaxFrames+1, `{"id":"f"}`) + `]}]}`,
		"$.brandKit.colors: 10001 colors; the limit is 10000":                        `{"brandKit":{"colors":[` + many(MaxStyles+1, `{}`) + `]}}`,
		"$.brandKit.paragraphStyles: 10001 paragraphStyles; the limit is 10000":      `{"brandKit":{"paragraphStyles":[` + many(MaxStyles+1, `{"id":"s"}`) + `]}}`,
		"$.layouts[0].frameProperties[100000]: more than 100000 frame properties in": `{"layouts":[{"id":"l","frameProperties":[` + many(MaxFrameProperties+1, `{"id":"f"}`) + `]}]}`,
	} {
		_, err := Parse([]byte(raw))
		if err == nil || !strings.Contains(err.Error(), want) || tepin.KindOf(err) != tepin.Invalid {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	var chain []string
	for i := range maxLayoutChain + 3 {
		chain = append(chain, fmt.Sprintf(`{"id":"%d","parentId":"%d"}`, i, i+1))
	}
	chain = append(chain, fmt.Sprintf(`{"id":"%d"}`, maxLayoutChain+3))
	if _, err := Parse([]byte(`{"layouts":[` + strings.Join(chain, ",") + `]}`)); err == nil || !strings.Contains(err.Error(), "has more than 100 of them") {
		t.Errorf("a long line of ancestors: %v", err)
	}
}

// A chain of anchors longer than the limit is refused, not followed.
func TestLongAnchorChain(t *testing.T) {
	var frames, properties []string
	for i := range maxAnchorChain + 2 {
		frames = append(frames, fmt.Sprintf(`{"id":"%d","type":"shape"}`, i))
		properties = append(properties, fmt.Sprintf(`{"id":"%d","width":1,"height":1,"horizontal":{"type":"start","offset":0,"target":{"type":"frame","frameId":"%d"}}}`, i, i+1))
	}
	raw := `{"pages":[{"id":"p","frames":[` + strings.Join(frames, ",") + `]}],"layouts":[{"id":"l","width":1,"height":1,"frameProperties":[` + strings.Join(properties, ",") + `]}]}`
	_, _, err := parse(t, []byte(raw)).Pages("", nil)
	if err == nil || !strings.Contains(err.Error(), "chain of more than 500 anchors") {
		t.Errorf("got %v", err)
	}
}

func TestPagesInOrder(t *testing.T) {
	d := parse(t, []byte(`{"pages":[{"id":"c","number":2},{"id":"a","number":0},{"id":"h","number":1,"isVisible":false},{"id":"b","number":1}],"layouts":[{"id":"l","width":1,"height":1}]}`))
	got, _ := pages(t, d, "", nil)
	ids := ""
	for _, p := range got {
		ids += p.ID
	}
	if ids != "abc" {
		t.Errorf("pages %s", ids)
	}
}

// One document serves several goroutines, as its comment says.
func TestConcurrentUse(t *testing.T) {
	d := parse(t, []byte(everyType))
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for n := range 20 {
				p, _, err := d.Pages("", map[string]any{"short": fmt.Sprint(i), "number": n % 10})
				if err != nil || !strings.HasPrefix(wordsOf(p[0].Frames[0].Text.Paragraphs), fmt.Sprintf("<%d|>", i)) {
					t.Errorf("%d: %v", i, err)
				}
				d.Assets("")
				d.Layouts()
			}
		})
	}
	group.Wait()
}
