package console

// Routes lists the patterns of the console, and whether each is for anybody.
func (c *Console) Routes() map[string]bool {
	list := map[string]bool{}
	for _, rt := range c.routes() {
		list[rt.pattern] = rt.role == public
	}
	return list
}

// NextPath is nextPath.
var NextPath = nextPath
