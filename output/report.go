package output

import (
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render"
)

// recordReport tells what went wrong in one record of an output.
type recordReport struct {
	Number int           `json:"recordNumber"` // from 1
	Errors []recordError `json:"errorList"`
}

type recordError struct {
	Type    string `json:"type"`
	Details string `json:"details"`
}

// Limits of a report, of all records together: it is a column of the task.
const (
	maxReported = 1000 // errors
	maxDetails  = 300  // bytes of one error's text
)

// warning reports whether an issue leaves the output usable: text that does not fit,
// a character that no font has and an effect that cannot be drawn are the designer's
// to judge.
func warning(issue string) bool {
	return issue == "TextOverflow" || issue == "MissingCharacter" || issue == "Unsupported"
}

// reported turns the issues of a record's pages into its report, and takes what it
// lists from room. One that ends the task finds room even where there is none left.
func reported(record int, issues []render.Issue, room *int) recordReport {
	r := recordReport{Number: record + 1}
	seen := map[recordError]bool{}
	for _, i := range issues {
		e := recordError{tepin.Shorten(i.Type, maxDetails), tepin.Shorten(i.Details, maxDetails)}
		if seen[e] || *room <= 0 && (*room < 0 || warning(i.Type)) {
			continue
		}
		seen[e] = true
		r.Errors = append(r.Errors, e)
		*room--
	}
	return r
}

// renders counts what an output costs: each image one, each HTML one, each started second
// of an animation one, each PDF one, and a PDF of V records above 50 one for each of the
// first 50 and one for each further ten begun, however many files they are in. What is
// watermarked costs nothing, nor does a record that failed.
func renders(j job, s summary) int64 {
	v := int64(s.Successful)
	switch {
	case j.Watermark != "":
		return 0
	case j.Format != tepin.PDF || j.count() == 1:
		return s.Units
	case v <= 50:
		return v
	}
	return 50 + (v-50+9)/10
}

// Available refuses a task whose file cannot be had: not yet, not any more, or never.
func Available(t tepin.Task, now time.Time) error {
	switch {
	case t.State == tepin.TaskFailed:
		return tepin.Errorf(tepin.NotFound, "this task failed and has no file: %s", t.ErrorDetail)
	case t.State != tepin.TaskFinished:
		return tepin.Errorf(tepin.NotFound, "this task is not finished yet; ask for the task until it is")
	case t.Result.Key == "" || now.Sub(t.ProcessedAt) > tepin.OutputKept:
		return tepin.Errorf(tepin.Gone, "the file is no longer available: it is kept for %.0f hours; start the output again", tepin.OutputKept.Hours())
	}
	return nil
}
