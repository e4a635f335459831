"""Signing in at an identity provider, by OpenID Connect: authorisation code, PKCE, state, nonce.

A provider says who somebody is, and that they showed a second factor; which account that is, a maintainer has said before.
Refuses to make an account for a stranger, and to know anybody by an e-mail address.
"""
