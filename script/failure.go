package script

import "fmt"

// FailureKind is why a script gave no answer.
type FailureKind string

const (
	Threw      FailureKind = "threw"     // an exception
	HTTP       FailureKind = "http"      // it threw a ConnectorHttpError: the upstream's refusal
	Broken     FailureKind = "broken"    // it cannot be loaded, or has no class as its default export
	Absent     FailureKind = "absent"    // it has no such method
	OutOfTime  FailureKind = "time"      // it computed for longer than MaxTime, or took longer than MaxCall
	OutOfSpace FailureKind = "memory"    // it needed more than MaxMemory
	TooLong    FailureKind = "size"      // its answer is longer than MaxResult
	Unsettled  FailureKind = "unsettled" // its promise can never be settled any more
	Crashed    FailureKind = "crashed"   // its worker died, or spoke nonsense
)

func (k FailureKind) known() bool {
	switch k {
	case Threw, HTTP, Broken, Absent, OutOfTime, OutOfSpace, TooLong, Unsettled, Crashed:
		return true
	}
	return false
}

// Failure is the error of a call whose script gave no answer.
type Failure struct {
	Kind    FailureKind `json:"kind"`
	Name    string      `json:"name,omitempty"`    // of the exception, as in TypeError
	Message string      `json:"message,omitempty"` // of the exception
	Status  int         `json:"status,omitempty"`  // of a ConnectorHttpError
	Line    int         `json:"line,omitempty"`    // of the script; 0 = unknown
}

func (f *Failure) Error() string {
	switch f.Kind {
	case Threw, Broken:
		s := f.Name + ": " + f.Message
		if f.Line > 0 {
			s += fmt.Sprintf(" (line %d)", f.Line)
		}
		return s
	case HTTP:
		return fmt.Sprintf("%d: %s", f.Status, f.Message)
	case Absent:
		return "the script has no such method"
	case OutOfTime:
		return fmt.Sprintf("the script took too long: %.0f s of computing and %.0f s in all are the most", MaxTime.Seconds(), MaxCall.Seconds())
	case OutOfSpace:
		return fmt.Sprintf("the script needed more than %d MB of memory", MaxMemory>>20)
	case TooLong:
		return fmt.Sprintf("the script's answer has more than %d MB", MaxResult>>20)
	case Unsettled:
		return "the script gave back a promise that nothing can settle any more"
	}
	return "the script's process died"
}

// misbehaved reports whether the worker in which it happened is to be replaced.
func (f *Failure) misbehaved() bool {
	switch f.Kind {
	case OutOfTime, OutOfSpace, TooLong, Crashed:
		return true
	}
	return false
}
