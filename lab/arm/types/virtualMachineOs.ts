/** Values that a virtual machine gets at its first boot. */
import { type ArmError, refuse } from "../errors";
import { asBodies, asBody, asText, type Body } from "../resource";
import { refusalsOf } from "../rules";
import { docs } from "../sources";
import type { Put } from "../world";
import { sshKeyProblem } from "./sshKeys";

const refusals = refusalsOf("Microsoft.Compute/virtualMachines", {
  absent: {
    code: "InvalidParameter",
    says: "A machine has an OS profile with a computer name and a user.",
    assumed:
      "The sentence is Compute's own for a parameter that is missing; no source shows these.",
  },
  userDataForm: {
    code: "InvalidParameter",
    says: "userData is base64.",
    documented: docs.userData,
  },
  userDataSize: {
    code: "InvalidParameter",
    says: "userData has at most 65,536 characters of base64.",
    assumed: `64 KB are documented, without saying of what (${docs.userData}): counting the base64 is the stricter reading.`,
  },
  customDataForm: {
    code: "InvalidParameter",
    says: "customData is base64.",
    documented: docs.machineErrors,
  },
  customDataSize: {
    code: "InvalidParameter",
    says: "customData has at most 65,535 bytes, decoded.",
    documented: docs.customData,
  },
  computerName: {
    code: "InvalidParameter",
    says: "A computer name has at most 64 characters, none of them special.",
    documented: docs.machineErrors,
  },
  reservedName: {
    code: "InvalidParameter",
    says: "The user's name is none of those that Azure keeps.",
    documented: `${docs.linux}; the code: ${docs.machineErrors}`,
  },
  adminName: {
    code: "InvalidParameter",
    says: "The user's name is one that Linux takes.",
    assumed: "cloud-init makes no user of another name; no source shows the refusal.",
  },
  noLogin: {
    code: "InvalidParameter",
    says: "A machine has a key or a password to log in with.",
    assumed: "The types make both optional; no source shows the refusal.",
  },
  uselessPassword: {
    code: "InvalidParameter",
    says: "A machine without password authentication has no password.",
    assumed: "The two contradict each other; no source shows the refusal.",
  },
  keyPath: {
    code: "InvalidParameter",
    says: "Keys go to the user's own authorized_keys.",
    documented: docs.machineErrors,
  },
  keyForm: {
    code: "InvalidParameter",
    says: "A key is RSA of 2,048 bits or more, or Ed25519, in OpenSSH's form.",
    documented: docs.sshKeys,
  },
  password: {
    code: "InvalidParameter",
    says: "A password has 6 to 72 characters of three kinds.",
    documented: docs.machineErrors,
  },
});

/** Most bytes of customData, decoded. */
export const CUSTOM_DATA_LIMIT = 65_535;
/** Most characters of userData, in base64. */
export const USER_DATA_LIMIT = 65_536;

/** User names that Azure does not take. */
const RESERVED_NAMES = new Set(
  "administrator admin user user1 test user2 test1 user3 admin1 1 123 a actuser adm admin2 aspnet backup console david guest john owner root server sql support support_388945a0 sys test2 test3 user4 user5 video".split(
    " ",
  ),
);

/** The OS profile, its limits and its ways to log in. */
export function* osProblems(put: Put): Generator<ArmError> {
  const { userData, osProfile } = put.desired.properties;
  if (typeof userData === "string") yield* userDataProblems(userData);
  const os = asBody(osProfile);
  if (os === undefined) {
    yield refuse(refusals.absent, "Required parameter 'osProfile' is missing (null).", "osProfile");
    return;
  }
  yield* nameProblems(os);
  // A password is judged and thrown away: what the service makes from a model has none to show.
  if (put.byService !== true) yield* loginProblems(os);
  const customData = asText(os.customData);
  if (customData !== undefined) yield* customDataProblems(customData);
}

function* userDataProblems(userData: string): Generator<ArmError> {
  if (!isBase64(userData)) {
    yield refuse(
      refusals.userDataForm,
      "Parameter 'userData' is not valid: it must be base64 encoded.",
      "userData",
    );
  }
  if (userData.length > USER_DATA_LIMIT) {
    yield refuse(
      refusals.userDataSize,
      `User data has ${userData.length} characters of base64; the limit is ${USER_DATA_LIMIT}.`,
      "userData",
    );
  }
}

function* customDataProblems(customData: string): Generator<ArmError> {
  if (!isBase64(customData)) {
    yield refuse(refusals.customDataForm, "Custom data must be base64 encoded.", "customData");
    return;
  }
  const bytes = Buffer.from(customData, "base64").length;
  if (bytes > CUSTOM_DATA_LIMIT) {
    yield refuse(
      refusals.customDataSize,
      `Custom data has ${bytes} bytes; the limit is ${CUSTOM_DATA_LIMIT}.`,
      "customData",
    );
  }
}

const isBase64 = (value: string): boolean =>
  value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);

function* nameProblems(os: Body): Generator<ArmError> {
  const computer = asText(os.computerName);
  if (computer === undefined || computer === "") {
    yield refuse(
      refusals.absent,
      "Required parameter 'computerName' is missing (null).",
      "computerName",
    );
  } else if (
    computer.length > 64 ||
    /[\s`~!@#$%^&*()=+_[\]{}\\|;:'",<>/?]|^[-.]|[-.]$|^\d+$/.test(computer)
  ) {
    yield refuse(
      refusals.computerName,
      `Linux computer name '${computer}' cannot exceed 64 characters in length or contain the following characters: \` ~ ! @ # $ % ^ & * ( ) = + _ [ ] { } \\ | ; : ' " , < > / ?.`,
      "computerName",
    );
  }
  const admin = asText(os.adminUsername);
  if (admin === undefined || admin === "") {
    yield refuse(
      refusals.absent,
      "Required parameter 'adminUsername' is missing (null).",
      "adminUsername",
    );
  } else if (RESERVED_NAMES.has(admin.toLowerCase())) {
    yield refuse(
      refusals.reservedName,
      `The Admin Username specified is not allowed: '${admin}' is reserved.`,
      "adminUsername",
    );
  } else if (!/^[a-z_][a-z0-9_-]{0,63}$/.test(admin)) {
    yield refuse(
      refusals.adminName,
      `The Admin Username '${admin}' is not a name that Linux takes.`,
      "adminUsername",
    );
  }
}

function* loginProblems(os: Body): Generator<ArmError> {
  const linux = asBody(os.linuxConfiguration) ?? {};
  const keys = asBodies(asBody(linux.ssh)?.publicKeys);
  const password = asText(os.adminPassword);
  const noPassword = linux.disablePasswordAuthentication === true;
  if (noPassword ? keys.length === 0 : password === undefined && keys.length === 0) {
    yield refuse(
      refusals.noLogin,
      "Authentication using either SSH or by user name and password must be enabled in Linux profile.",
      "linuxConfiguration",
    );
  }
  if (noPassword && password !== undefined) {
    yield refuse(
      refusals.uselessPassword,
      "adminPassword cannot be set while disablePasswordAuthentication is true.",
      "adminPassword",
    );
  }
  if (password !== undefined) yield* passwordProblems(password);
  for (const key of keys) {
    const path = `/home/${asText(os.adminUsername)}/.ssh/authorized_keys`;
    if (key.path !== path) {
      yield refuse(
        refusals.keyPath,
        `Destination path for SSH public keys is currently limited to its default value ${path} due to a known issue in Linux provisioning agent.`,
        "linuxConfiguration.ssh.publicKeys.path",
      );
    }
    const problem = sshKeyProblem(asText(key.keyData) ?? "");
    if (problem !== undefined) {
      yield refuse(
        refusals.keyForm,
        `The value of parameter linuxConfiguration.ssh.publicKeys.keyData is invalid: ${problem}.`,
        "linuxConfiguration.ssh.publicKeys.keyData",
      );
    }
  }
}

function* passwordProblems(password: string): Generator<ArmError> {
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/].filter((k) => k.test(password)).length;
  if (password.length >= 6 && password.length <= 72 && kinds >= 3) return;
  // The message names no part of the password.
  yield refuse(
    refusals.password,
    "The supplied password must be between 6-72 characters long and must satisfy at least 3 of password complexity requirements from the following: an uppercase character, a lowercase character, a numeric digit, a special character.",
    "adminPassword",
  );
}
