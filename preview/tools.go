package preview

import "log/slog"

type tools struct{}

func findTools(string, *slog.Logger) tools { return tools{} }
