/** The questions that `npm run bench` answers, in its order. */
import { dataPath } from "./dataPath";
import { firstUse, firstUseCold } from "./firstUse";
import { fleet } from "./fleet";
import { flows } from "./flows";
import type { Question } from "./harness/question";
import { policySize } from "./policy";
import { program } from "./program";

export const questions: readonly Question[] = [
  dataPath,
  policySize,
  flows,
  fleet,
  program,
  firstUse,
  firstUseCold,
];
