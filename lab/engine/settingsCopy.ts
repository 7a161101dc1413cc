/**
 * The engine keeps the salt of a stack's passphrase in the stack's settings. In the lab that would
 * change a file that is under version control, and that belongs to a real stack with another way
 * of keeping secrets. So the lab's engine works on a copy that has the lab's salt. Pure.
 */

const SECRET_KEEPING = /^(encryptionsalt|secretsprovider|encryptedkey):.*\n?/gm;
const SALT = /^encryptionsalt:\s*(\S+)\s*$/m;

/** The salt in a settings file; undefined when it has none. */
export function saltOf(text: string): string | undefined {
  return SALT.exec(text)?.[1];
}

/** Settings as the lab's engine gets them: the project's own, with the lab's salt if it is known. */
export function toLab(projectText: string, salt: string | undefined): string {
  const body = withoutSecretKeeping(projectText);
  return salt === undefined ? body : `${endLine(body)}encryptionsalt: ${salt}\n`;
}

/** Settings that the lab's engine changed, as they go back: with the project's own secret keeping. */
export function toProject(labText: string, projectText: string): string {
  const kept = [...projectText.matchAll(SECRET_KEEPING)].map(([line]) => endLine(line)).join("");
  const body = withoutSecretKeeping(labText);
  return kept === "" ? body : endLine(body) + kept;
}

function withoutSecretKeeping(text: string): string {
  const body = text.replace(SECRET_KEEPING, "");
  return body.trim() === "{}" ? "" : body;
}

function endLine(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
