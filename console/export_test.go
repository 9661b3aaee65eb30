package console

import "github.com/tepin/tepin"

// Routes lists the patterns of the console, and whether each is for anybody.
func (c *Console) Routes() map[string]bool {
	list := map[string]bool{}
	for _, rt := range c.routes() {
		list[rt.pattern] = rt.need.public
	}
	return list
}

// Needs lists which roles each route is for that is not for anybody; 0 = administrators
// of the installation alone.
func (c *Console) Needs() map[string]tepin.Roles {
	list := map[string]tepin.Roles{}
	for _, rt := range c.routes() {
		if !rt.need.public {
			list[rt.pattern] = rt.need.roles
		}
	}
	return list
}

// NextPath is nextPath.
var NextPath = nextPath
