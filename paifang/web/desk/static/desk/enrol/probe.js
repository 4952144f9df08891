// A service worker that does nothing: here.js registers it to learn whether one may be.
