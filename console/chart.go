package console

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// The drawing that a chart is, in its own units.
const (
	chartWidth  = 480
	chartHeight = 210
	chartLeft   = 46  // room for the figures of the scale
	chartRight  = 474 //
	chartTop    = 14
	chartBottom = 180 // room for the names of the bars
)

// chart is bars over time, with lines across: what chart.html draws and tabulates.
type chart struct {
	ID, Title string
	Bars      []chartBar
	Lines     []chartLine
	Ticks     []chartLine
}

// chartBar is one bar: renders, and on top of them what carries a watermark.
type chartBar struct {
	Short, Long          string // names, in the drawing and in the table
	Renders, Watermarked int64
	X, Width             int
	Y, Height            int // of the renders
	MarkedY, MarkedH     int
	Second               bool // of two names, the one that there is no room for on a narrow screen
}

// Middle is where the bar's name stands.
func (b chartBar) Middle() int { return b.X + b.Width/2 }

// chartLine is a line across.
type chartLine struct {
	Name  string
	Value float64
	Y     int
	Class string
}

// Text is the value as people read it.
func (l chartLine) Text() string { return figure(l.Value) }

// figure is a number with at most one decimal, in groups of three digits.
func figure(v float64) string {
	text := strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
	whole, rest, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "\u202f" + whole[i:]
	}
	if rest != "" {
		return whole + "." + rest
	}
	return whole
}

// short is a number for the scale: 1.5k.
func short(v float64) string {
	for _, unit := range []struct {
		of   float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= unit.of {
			return strconv.FormatFloat(v/unit.of, 'g', 3, 64) + unit.name
		}
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// Width and Height are the drawing's; Left and Right are where its lines end, and Names
// is how far down the names of the bars stand.
func (chart) Width() int  { return chartWidth }
func (chart) Height() int { return chartHeight }
func (chart) Left() int   { return chartLeft }
func (chart) Right() int  { return chartRight }
func (chart) Names() int  { return chartHeight - 10 }

// Sum is the description for those who do not see the drawing.
func (c chart) Sum() string {
	var renders, marked int64
	for _, b := range c.Bars {
		renders += b.Renders
		marked += b.Watermarked
	}
	text := figure(float64(renders)) + " renders in all, and " + figure(float64(marked)) + " outputs with a watermark. The table below has the figures."
	return text
}

// layOut gives bars and lines their places: the scale ends at a round number.
func (c *chart) layOut() {
	top := 1.0
	for _, b := range c.Bars {
		top = max(top, float64(b.Renders+b.Watermarked))
	}
	for _, l := range c.Lines {
		top = max(top, l.Value)
	}
	step := math.Pow(10, math.Floor(math.Log10(top)))
	for _, f := range []float64{.25, .5, 1, 2, 2.5} {
		if step*f*4 >= top && step*f >= 1 {
			step *= f
			break
		}
	}
	step = max(step, 1)
	ceiling := math.Ceil(top/step) * step
	y := func(v float64) int {
		return chartBottom - int(math.Round(v/ceiling*(chartBottom-chartTop)))
	}
	for v := 0.0; v <= ceiling; v += step {
		c.Ticks = append(c.Ticks, chartLine{Name: short(v), Value: v, Y: y(v)})
	}
	for i := range c.Lines {
		c.Lines[i].Y = y(c.Lines[i].Value)
	}
	room := (chartRight - chartLeft) / max(len(c.Bars), 1)
	for i := range c.Bars {
		b := &c.Bars[i]
		b.Width, b.Second = min(room*2/3, 56), len(c.Bars) > 6 && i%2 == 0
		b.X = chartLeft + i*room + (room-b.Width)/2
		b.Y, b.MarkedY = y(float64(b.Renders)), y(float64(b.Renders+b.Watermarked))
		b.Height, b.MarkedH = chartBottom-b.Y, b.Y-b.MarkedY
	}
}

// rendersChart draws counts by month or by year; the last bar is the present one.
func rendersChart(counts []tepin.RenderCount, now time.Time, byYear bool, lines ...chartLine) chart {
	c := chart{ID: "renders-chart", Title: "Renders by month", Lines: lines}
	now = now.UTC()
	n, key := 12, func(t time.Time) string { return t.UTC().Format("2006-01") }
	begin := func(back int) time.Time {
		return time.Date(now.Year(), now.Month()-time.Month(back), 1, 0, 0, 0, 0, time.UTC)
	}
	if byYear {
		c.Title, n, key = "Renders by year", 5, func(t time.Time) string { return t.UTC().Format("2006") }
		begin = func(back int) time.Time { return time.Date(now.Year()-back, 1, 1, 0, 0, 0, 0, time.UTC) }
	}
	at := map[string]int{}
	for back := n - 1; back >= 0; back-- {
		t := begin(back)
		b := chartBar{Short: t.Format("Jan"), Long: t.Format("January 2006")}
		if byYear {
			b.Short, b.Long = t.Format("2006"), t.Format("2006")
		}
		at[key(t)] = len(c.Bars)
		c.Bars = append(c.Bars, b)
	}
	for _, count := range counts {
		if i, ok := at[key(count.Day)]; ok {
			c.Bars[i].Renders += count.Renders
			c.Bars[i].Watermarked += count.Watermarked
		}
	}
	c.layOut()
	return c
}
