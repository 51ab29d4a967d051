// Judges one simulation per line of standard input, as JSON; answers each with one line.
// {request, identityPolicies, resourcePolicy?} -> {result, problem, ignored, decisive}

import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

for await (const line of createInterface({ input: process.stdin })) {
  const simulation = { serviceControlPolicies: [], resourceControlPolicies: [], ...JSON.parse(line) }
  const judged = await runSimulation(simulation, {})
  const answer =
    judged.resultType === 'error'
      ? { result: 'error', problem: JSON.stringify(judged.errors), ignored: [] }
      : { result: judged.overallResult, problem: '', ignored: judged.result?.ignoredContextKeys ?? [] }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
