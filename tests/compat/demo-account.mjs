/**
 * The demo account of `listenpost dev`: public on purpose, the same on every machine.
 */
export const HMAC_KEY = {
  apiKey: 'demoHmacKey0'.repeat(6).slice(0, 64),
  apiSecret: 'demoHmacSecret0'.repeat(5).slice(0, 64),
};

export const ED25519_KEY = {
  apiKey: 'demoEd25519Key0'.repeat(5).slice(0, 64),
  privateKey: `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAw+nKZp+yInGQjzapZXDOQTv7Srtg2sai3WMhr9Mc4K
-----END PRIVATE KEY-----
`,
};
