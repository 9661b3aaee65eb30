package tepin

import "time"

// RenderCount is the number of renders of one environment and format on one day.
type RenderCount struct {
	EnvironmentID EnvironmentID
	Day           time.Time // UTC midnight
	Format        Format
	Renders       int64
	Watermarked   int64
}
