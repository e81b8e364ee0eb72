"""Sign in with Microsoft: a person's own sign-in in the place of an application's credential."""
