import type { TlsFiles } from './raw-server.ts';

/**
 * A certificate for localhost and 127.0.0.1 that nobody trusts, and its key, which protects nothing. Good until 2126. Made with
 * `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost`.
 */
export const SELF_SIGNED: TlsFiles = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUEALoNySCsLdGJTfFEg1SXTGJ0sMwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDExNDUyNFoYDzIxMjYxMDMx
MTE0NTI0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQzomBa8P0lpK77MbTkTjBn7m0Pt5kEJUV1M7pcLKad2QSk/kZarLWy
0c6NjWpT1swBbsm4nC/vJI6j5/sDlizao28wbTAdBgNVHQ4EFgQUnXQchQOJ16hR
i2yfpVSqdnTeC0owHwYDVR0jBBgwFoAUnXQchQOJ16hRi2yfpVSqdnTeC0owDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhALr8hykCj8nFnLag7o9ZAhODGSq8eReMDkcVX9PWUnGaAiAZ
GffoqO8QzbtnSx+O2YRJ7uy67x+WESV5L8y374vc4w==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgDJD3No/EjtAyVPni
PmqxLjdF2sJOsn15zyurmCjMh06hRANCAAQzomBa8P0lpK77MbTkTjBn7m0Pt5kE
JUV1M7pcLKad2QSk/kZarLWy0c6NjWpT1swBbsm4nC/vJI6j5/sDliza
-----END PRIVATE KEY-----
`,
};
