package document_test

import (
	"strings"
	"testing"

	"github.com/tepin/tepin/document"
	"github.com/tepin/tepin/render/animation"
)

func timeline(t *testing.T, layouts, id string) (animation.Timeline, string) {
	t.Helper()
	d, err := document.Parse([]byte(`{"documentVersion":"0.23.0","pages":[{"id":"p","frames":[{"id":"a","name":"Title","type":"shape"}]}],"layouts":[` + layouts + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	tl, issues, err := d.Timeline(id)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, i := range issues {
		said = append(said, i.Details)
	}
	return tl, strings.Join(said, "; ")
}

// A layout has the timeline of its parent, and what it says itself counts before.
func TestTimelineInherits(t *testing.T) {
	layouts := `{"id":"1","width":1,"height":1,"timelineLengthMs":3000,"frameAnimations":[{"id":"a","from":0,"to":900},{"id":"b","from":100,"to":2000,"basicAnimations":{"intro":null}}]},
		{"id":"2","parentId":"1","frameAnimations":[{"id":"a","from":50,"to":4000,"basicAnimations":{"intro":{"from":0,"to":500,"ease":"easeOutBack","styles":{"fade":true,"scale":{"scalePercent":50},"rotation":{"angleDegrees":-90,"numberOfRotations":1},"slide":{"direction":"bottomLeft","offsetPercent":50}}},
			"emphasis":{"from":1,"to":2,"styles":{"shake":{"direction":"vertical"},"tada":false,"headshake":true}}}}]}`
	tl, said := timeline(t, layouts, "2")
	a, b := tl.Bars["a"], tl.Bars["b"]
	if tl.Length != 3000 || a.From != 50 || a.To != 4000 || b.To != 2000 || b.Intro != nil || said != "" {
		t.Errorf("%+v %q", tl, said)
	}
	if in := a.Intro; !in.Fade || *in.Scale != 0.5 || in.Rotation != -450 || *in.Slide != (animation.Slide{X: -1, Y: 1, Offset: 0.5}) || in.To != 500 {
		t.Errorf("%+v", in)
	}
	if k := a.Emphasis.Kinds; len(k) != 2 || k[0] != animation.ShakeVertical || k[1] != animation.HeadShake {
		t.Errorf("%v", k)
	}
	if parent, _ := timeline(t, layouts, "1"); parent.Bars["a"].To != 900 {
		t.Errorf("%+v", parent)
	}
	if tl, _ := timeline(t, `{"id":"1","frameAnimations":[{"id":"a","from":0,"to":700}]}`, "1"); tl.Length != 700 {
		t.Errorf("a layout without a length lasts %g", tl.Length)
	}
}

// Nothing in an animation makes a document unreadable, and what is not shown is said.
func TestStrangeTimelines(t *testing.T) {
	for animations, says := range map[string]string{
		`7`: "", `{}`: "", `[7,null,{}]`: "", `[{"id":"a","from":"x","to":{}}]`: "", `[{"id":"a","basicAnimations":[]}]`: "",
		`[{"id":"a","from":-5,"to":1e300,"basicAnimations":{"intro":{"from":9,"to":1,"styles":7}}}]`:         "",
		`[{"id":"a","to":9,"basicAnimations":{"intro":{"styles":{"explode":true,"fade":null}}}}]`:            `frame "Title": the intro "explode" is not shown`,
		`[{"id":"a","to":9,"basicAnimations":{"outro":{"ease":"x","styles":{"slide":{"direction":"up"}}}}}]`: "is shown even",
		`[{"id":"a","to":9,"basicAnimations":{"emphasis":{"styles":{"wobble":{}}}}}]`:                        `the emphasis "wobble"`,
		`[{"id":"a","to":9,"basicAnimations":{"outro":{"styles":{"slide":{"direction":"up"}}}}}]`:            "no side of the page",
		`[{"id":"a","to":9,"advancedAnimations":[{"x":1}]}]`:                                                 "advanced animations",
		`[{"id":"a","to":9,"advancedAnimations":{}}]`:                                                        "",
	} {
		tl, said := timeline(t, `{"id":"1","timelineLengthMs":-1,"frameAnimations":`+animations+`}`, "1")
		if tl.Length != 0 || says == "" && said != "" || !strings.Contains(said, says) {
			t.Errorf("%s: %+v %q", animations, tl, said)
		}
	}
}
