/** Declarations of the SDK as the lab's schema: arguments with what answers show of them. Pure. */
import type { Prop } from "../schema";
import { anyOf, type Declaration, type Fields, type Form } from "./declarations";

/** Values that Azure has beside `properties`; everything else of a flattened type is under it. */
const ENVELOPE = new Set(
  (
    "id name type etag location tags sku kind identity zones extendedLocation plan managedBy " +
    "managedByExtended systemData scale placement properties"
  ).split(" "),
);

/** Where Azure's name or place of a value is another one than the SDK's. */
export interface Wire {
  /** The SDK's name to Azure's. */
  names?: Readonly<Record<string, string>>;
  /** Under `properties`, though such values are beside it in other types. */
  inner?: readonly string[];
}

type Flags = Pick<Prop, "required" | "readOnly" | "writeOnly" | "secret" | "sdkName" | "inner">;

/** The body of a type; `path` has the arguments that are in its id. */
export function shapeOf(declaration: Declaration, path: readonly string[], wire: Wire = {}): Prop {
  const { inputs, outputs, records } = declaration;
  const whole = inputs.properties !== undefined || outputs.properties !== undefined;
  const fields: Record<string, Prop> = {};
  const text: Prop = { kind: "text", readOnly: true };
  if (outputs.id === undefined) fields.id = text;
  if (outputs.etag === undefined) fields.etag = text;
  const given = Object.fromEntries(Object.entries(inputs).filter(([name]) => !path.includes(name)));
  const shown = Object.fromEntries(
    Object.entries(outputs).filter(([name]) => name !== "azureApiVersion"),
  );
  for (const name of new Set([...Object.keys(given), ...Object.keys(shown)])) {
    const inner = !whole && (!ENVELOPE.has(name) || wire.inner?.includes(name) === true);
    const azures = wire.names?.[name] ?? name;
    const named = azures === name ? {} : { sdkName: name };
    fields[azures] = fieldProp(name, given, shown, records, {
      ...named,
      ...(inner ? { inner } : {}),
    });
  }
  return { kind: "record", fields };
}

/** A field of a record, as it is given and as it is shown. */
function fieldProp(
  name: string,
  given: Fields,
  shown: Fields,
  records: Declaration["records"],
  more: Flags = {},
): Prop {
  const [from, to] = [given[name], shown[name]];
  const flags: Flags = {
    ...more,
    ...(from === undefined ? { readOnly: true } : {}),
    ...(from !== undefined && !from.optional ? { required: true } : {}),
    // A value that no answer shows is a secret, e.g. a password: not even the store keeps it.
    ...(to === undefined ? { writeOnly: true, secret: true } : {}),
  };
  const ids = name === "userAssignedIdentities" && from?.form.kind === "list";
  if (ids) return { ...flags, kind: "idSet" };
  return propOf(from?.form ?? to?.form, to?.form, records, flags);
}

function propOf(
  given: Form | undefined,
  shown: Form | undefined,
  records: Declaration["records"],
  flags: Flags = {},
): Prop {
  if (given === undefined) return { ...flags, kind: "any" };
  switch (given.kind) {
    case "text":
      return { ...flags, kind: "text", values: given.values };
    case "list":
    case "map": {
      const other = shown?.kind === given.kind ? shown.item : undefined;
      return { ...flags, kind: given.kind, item: propOf(given.item, other, records) };
    }
    case "records":
      return recordOf(given.names, shown?.kind === "records" ? shown.names : [], records, flags);
    default:
      return { ...flags, kind: given.kind };
  }
}

/** One of some records; made when it is looked at, since records may hold themselves. */
function recordOf(
  given: readonly string[],
  shown: readonly string[],
  records: Declaration["records"],
  flags: Flags,
): Prop {
  let made: Record<string, Prop> | undefined;
  return {
    ...flags,
    kind: "record",
    get fields() {
      if (made !== undefined) return made;
      const from = oneOf(given, records);
      const to = shown.length === 0 ? from : oneOf(shown, records);
      const names = new Set([...Object.keys(from), ...Object.keys(to)]);
      made = Object.fromEntries(
        [...names].map((name) => [name, fieldProp(name, from, to, records)]),
      );
      return made;
    },
  };
}

/** The fields of whichever record it is: needed is what all of them need. */
function oneOf(names: readonly string[], records: Declaration["records"]): Fields {
  const all = names.map((name) => records[name] ?? {});
  const result: Fields = {};
  for (const field of new Set(all.flatMap((fields) => Object.keys(fields)))) {
    const found = all.flatMap((fields) => fields[field] ?? []);
    const optional = found.length < all.length || found.some((one) => one.optional);
    result[field] = { form: anyOf(found.map(({ form }) => form)), optional };
  }
  return result;
}
