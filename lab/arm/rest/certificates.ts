/** The certificate authority of a lab: made once, its key thrown away as soon as it has signed. */
import { webcrypto, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Certificates of a server on loopback. */
export interface Certificates {
  /** The authority that clients must trust, PEM. */
  caFile: string;
  cert: string;
  key: string;
}

const DAY_MS = 24 * 3600 * 1000;
/** Clients refuse server certificates that are good for much longer than a year. */
const VALID_DAYS = 390;
/** A certificate is made anew when it has less than this left. */
const RENEW_DAYS = 30;

/** The certificates kept in a folder; made when they are missing or about to expire. */
export async function certificatesIn(folder: string): Promise<Certificates> {
  const [caFile, certFile, keyFile] = ["ca.pem", "server.pem", "server.key"].map((name) =>
    path.join(folder, name),
  ) as [string, string, string];
  if (!isGood(certFile)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const made = await makeCertificates();
    // The server's certificate comes last: it is what says that all three are there.
    for (const [file, text] of [
      [keyFile, made.key],
      [caFile, made.ca],
      [certFile, made.cert],
    ] as const) {
      writeFileSync(`${file}.new`, text, { mode: file === keyFile ? 0o600 : 0o644 });
      renameSync(`${file}.new`, file);
    }
  }
  return { caFile, cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
}

function isGood(certFile: string): boolean {
  try {
    const { validTo } = new X509Certificate(readFileSync(certFile));
    return Date.parse(validTo) > Date.now() + RENEW_DAYS * DAY_MS;
  } catch {
    return false;
  }
}

/** node:crypto reads certificates but makes none; the library is loaded only when one is made. */
async function makeCertificates(): Promise<{ ca: string; cert: string; key: string }> {
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  x509.cryptoProvider.set(webcrypto);
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const pair = () => webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const [authority, server] = await Promise.all([pair(), pair()]);
  const notBefore = new Date(Date.now() - DAY_MS);
  const notAfter = new Date(Date.now() + VALID_DAYS * DAY_MS);
  const { KeyUsageFlags, ExtendedKeyUsage } = x509;
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=Embedded Azure ${hexSerial().slice(0, 8)}`,
    serialNumber: hexSerial(),
    ...{ notBefore, notAfter, signingAlgorithm: algorithm, keys: authority },
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
  const cert = await x509.X509CertificateGenerator.create({
    subject: "CN=localhost",
    issuer: ca.subject,
    serialNumber: hexSerial(),
    ...{ notBefore, notAfter, signingAlgorithm: algorithm },
    signingKey: authority.privateKey,
    publicKey: server.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: "dns", value: "localhost" },
        { type: "ip", value: "127.0.0.1" },
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", server.privateKey));
  const lines = key.toString("base64").replace(/.{64}/g, "$&\n").trimEnd();
  return {
    ca: ca.toString("pem"),
    cert: cert.toString("pem"),
    key: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`,
  };
}

/** A positive serial number that no other certificate has. */
function hexSerial(): string {
  const bytes = Buffer.from(webcrypto.getRandomValues(new Uint8Array(15)));
  return `01${bytes.toString("hex")}`;
}
