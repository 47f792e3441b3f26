// Takes the hub's redirect counter out of the address, so that a reload starts
// anew.
"use strict";
{
  const here = new URL(location.href);
  if (here.searchParams.has("redirects")) {
    here.searchParams.delete("redirects");
    history.replaceState(null, "", here);
  }
}
