// Runs before the page is painted: the theme that this browser chose, if it did.
'use strict';
{
  const root = document.documentElement;
  root.classList.add('js');
  let theme = null;
  try {
    theme = localStorage.getItem('tepin-theme');
  } catch {
    // The browser keeps nothing for this site: the system's theme it is.
  }
  if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
}
