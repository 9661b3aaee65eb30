package sandbox

import "os/exec"

// Walled runs cmd with nothing but Landlock around it.
func Walled(cmd *exec.Cmd) (out string, err error) {
	done := make(chan error)
	var b []byte
	go func() {
		done <- confined(func() error {
			if err := walledIn(); err != nil {
				return err
			}
			b, err = cmd.CombinedOutput()
			return err
		})
	}()
	err = <-done
	return string(b), err
}
