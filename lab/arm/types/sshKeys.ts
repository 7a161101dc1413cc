/** SSH public keys as Azure takes them: RSA of 2,048 bits or more, or Ed25519. */

const MIN_RSA_BITS = 2048;

/** The problem of a key in OpenSSH's one-line form; undefined for a good one. */
export function sshKeyProblem(line: string): string | undefined {
  const [kind = "", blob = ""] = line.trim().split(/\s+/);
  const bytes = Buffer.from(blob, "base64");
  const [name, ...fields] = fieldsOf(bytes);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(blob) || name?.toString() !== kind) {
    return "it is not in OpenSSH's form";
  }
  if (kind === "ssh-ed25519") {
    return fields[0]?.length === 32 ? undefined : "it is not a whole Ed25519 key";
  }
  if (kind !== "ssh-rsa") return `'${kind}' is not supported; use ssh-rsa or ssh-ed25519`;
  const modulus = fields[1] ?? Buffer.alloc(0);
  const leading = modulus[0] === 0 ? modulus.subarray(1) : modulus;
  const bits = leading.length * 8 - Math.clz32(leading[0] ?? 0) + 24;
  if (leading.length === 0) return "it is not a whole RSA key";
  return bits >= MIN_RSA_BITS
    ? undefined
    : `it has ${bits} bits; RSA needs ${MIN_RSA_BITS} or more`;
}

/** Length-prefixed fields of a key's blob; what is cut short is left out. */
function fieldsOf(bytes: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    if (at + 4 + length > bytes.length) break;
    fields.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return fields;
}
