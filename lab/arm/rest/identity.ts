/** Identities that may sign in to a lab, and their tokens. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
  sign,
  timingSafeEqual,
  verify,
} from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { refuse } from "../errors";
import { TENANT } from "../principals";
import { refusalsOf } from "../rules";
import { docs, quoted } from "../sources";
import type { Caller } from "../world";

const UNAUTHORIZED = { http: 401 } as const;

/** The required form of a request's token. */
export const signIn = refusalsOf("Sign-in", {
  noHeader: {
    ...UNAUTHORIZED,
    code: "AuthenticationFailed",
    says: "A request has an Authorization header.",
    reported: quoted("AuthenticationFailed"),
  },
  header: {
    ...UNAUTHORIZED,
    code: "AuthenticationFailedInvalidHeader",
    says: "The Authorization header has a bearer's token.",
    reported: quoted("AuthenticationFailedInvalidHeader"),
  },
  foreign: {
    ...UNAUTHORIZED,
    code: "InvalidAuthenticationToken",
    says: "A token is signed by the directory.",
    reported: quoted("InvalidAuthenticationToken"),
  },
  early: {
    ...UNAUTHORIZED,
    code: "InvalidAuthenticationToken",
    says: "A token is valid already.",
    assumed: "The code is that of a token that is not signed by the directory.",
  },
  tenant: {
    ...UNAUTHORIZED,
    code: "InvalidAuthenticationTokenTenant",
    says: "A token is of the subscription's tenant.",
    documented: docs.apiErrors,
  },
  audience: {
    ...UNAUTHORIZED,
    code: "InvalidAuthenticationTokenAudience",
    says: "A token is for the API.",
    reported: quoted("InvalidAuthenticationTokenAudience"),
  },
  expired: {
    ...UNAUTHORIZED,
    code: "ExpiredAuthenticationToken",
    says: "A token is valid still.",
    reported: quoted("ExpiredAuthenticationToken"),
  },
});

/** A lab's directory on disk: one secret, one administrator, one signing key. */
interface Kept {
  clientId: string;
  clientSecret: string;
  signingKey: string;
  keyId: string;
}

/** Claims of a verified token. */
export interface Claims {
  appid: string;
  oid: string;
}

/** The identity that a token is for. */
export type Principal = Pick<Caller, "clientId" | "objectId">;

/** Audiences that Azure Resource Manager takes, besides the endpoint itself. */
const AUDIENCES = ["https://management.azure.com", "https://management.core.windows.net"];
/** Lifetime of a token in seconds, as Azure gives it by default. */
const LIFETIME = 3600;
/** So many signatures are remembered. */
const MAX_KNOWN = 100;
/** Clocks may differ by this much, in seconds. */
const LEEWAY = 300;

/** The directory of one lab, at one address. */
export class Directory {
  readonly #kept: Kept;
  readonly #private: KeyObject;
  readonly #public: KeyObject;
  /** Tokens whose signature has been found good; what they say is judged each time. */
  readonly #signed = new Set<string>();

  private constructor(
    kept: Kept,
    /** `https://localhost:PORT`. */
    readonly endpoint: string,
  ) {
    this.#kept = kept;
    this.#private = createPrivateKey(kept.signingKey);
    this.#public = createPublicKey(this.#private);
  }

  /** The directory kept in a folder; made on the first call. */
  static open(folder: string, endpoint: string): Directory {
    return new Directory(keptIn(path.join(folder, "identity.json")), endpoint);
  }

  /** Client id of the administrator of every subscription. */
  get clientId(): string {
    return this.#kept.clientId;
  }

  get clientSecret(): string {
    return this.#kept.clientSecret;
  }

  get tenantId(): string {
    return TENANT;
  }

  get issuer(): string {
    return `${this.endpoint}/${TENANT}/v2.0`;
  }

  /** The public keys that tokens are verified with (JWKS). */
  get keys(): Record<string, unknown>[] {
    const { keyId: kid } = this.#kept;
    return [{ ...this.#public.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" }];
  }

  /** Whether a secret is the lab's; takes as long for a wrong one as for the right one. */
  isSecret(secret: string): boolean {
    const [given, own] = [Buffer.from(secret), Buffer.from(this.#kept.clientSecret)];
    return given.length === own.length && timingSafeEqual(given, own);
  }

  /** A token for a client, and the seconds that it is good for. */
  tokenFor(
    { clientId, objectId }: Principal,
    audience = this.endpoint,
    lifetime = LIFETIME,
  ): { token: string; expiresIn: number } {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      aud: audience,
      iss: this.issuer,
      ...{ iat: now, nbf: now, exp: now + lifetime },
      appid: clientId,
      oid: objectId,
      sub: objectId,
      tid: TENANT,
      idtyp: "app",
      uti: randomUUID(),
      ver: "1.0",
    };
    const head = encode({ typ: "JWT", alg: "RS256", kid: this.#kept.keyId });
    const body = `${head}.${encode(claims)}`;
    const signature = sign("RSA-SHA256", Buffer.from(body), this.#private).toString("base64url");
    return { token: `${body}.${signature}`, expiresIn: lifetime };
  }

  /** Claims of a token that this lab made for this endpoint and that is good; else Azure's 401. */
  verify(token: string): Claims {
    if (!this.#isOurs(token)) {
      throw refuse(signIn.foreign, "The access token is invalid.");
    }
    const [, body = ""] = token.split(".");
    const { aud, iss, exp, nbf, appid, oid } = decode(body);
    const now = Date.now() / 1000;
    if (iss !== this.issuer) {
      throw refuse(
        signIn.tenant,
        `The access token is from the wrong issuer '${iss}'. It must match one of the tenants '${this.issuer}' associated with this subscription.`,
      );
    }
    if (![this.endpoint, ...AUDIENCES].includes(String(aud).replace(/\/+$/, ""))) {
      throw refuse(
        signIn.audience,
        `The access token has been obtained for wrong audience or resource '${aud}'. It should exactly match with one of the allowed audiences '${this.endpoint}/'.`,
      );
    }
    if (typeof exp !== "number" || exp < now) {
      throw refuse(
        signIn.expired,
        `The access token expiry UTC time '${timeOf(exp)}' is earlier than current UTC time '${timeOf(now)}'.`,
      );
    }
    if (typeof nbf !== "number" || nbf > now + LEEWAY) {
      throw refuse(signIn.early, "The access token is not valid yet.");
    }
    return { appid: String(appid), oid: String(oid) };
  }

  #isOurs(token: string): boolean {
    if (this.#signed.has(token)) return true;
    const [head = "", body = "", signature = "", ...more] = token.split(".");
    const isOurs =
      decode(head).alg === "RS256" &&
      more.length === 0 &&
      verify(
        "RSA-SHA256",
        Buffer.from(`${head}.${body}`),
        this.#public,
        Buffer.from(signature, "base64url"),
      );
    if (this.#signed.size >= MAX_KNOWN) this.#signed.clear();
    if (isOurs) this.#signed.add(token);
    return isOurs;
  }
}

const timeOf = (seconds: unknown) => new Date(Number(seconds) * 1000 || 0).toISOString();
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

function decode(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Read, or made by the first of several processes: a link fails where a file is already. */
function keptIn(file: string): Kept {
  for (;;) {
    try {
      return JSON.parse(readFileSync(file, "utf8")) as Kept;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const kept: Kept = {
      clientId: randomUUID(),
      clientSecret: randomBytes(30).toString("base64url"),
      signingKey: String(privateKey.export({ format: "pem", type: "pkcs8" })),
      keyId: randomBytes(8).toString("hex"),
    };
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const fresh = `${file}.${process.pid}`;
    writeFileSync(fresh, JSON.stringify(kept), { mode: 0o600 });
    try {
      linkSync(fresh, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      rmSync(fresh);
    }
  }
}
