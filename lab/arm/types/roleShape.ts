/** The common part of roles and their assignments. */
import { type Prop, readOnly, resource, served, text, unshownEtag } from "../schema";

/** The body: names, and who wrote it when beside its own properties. */
export const roleShape = (inner: Record<string, Prop>): Prop =>
  resource(
    { id: readOnly(text()), name: readOnly(text()), type: readOnly(text()), etag: unshownEtag },
    { ...inner, createdOn: served, updatedOn: served, createdBy: served, updatedBy: served },
  );
