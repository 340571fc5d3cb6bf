// SPDX-License-Identifier: Apache-2.0
// Where an event happened, as an alert tells it: container, pod, and those the process came from.
#pragma once

#include "alert/alert.h"
#include "state/enricher.h"

namespace nezuban::ruleset {

// Something of the place is not known yet and may soon be.
bool PlaceMayBeCompleted(const state::EnrichedEvent& event);

// Fills in container, origin and their pods. What may exist but did not come in time goes to
// `uncertain`.
void SetPlace(const state::EnrichedEvent& event, alert::Alert& alert);

// The same for what is of no process: the container only. nullptr: it is not known.
void SetPlace(const state::Container* container, alert::Alert& alert);

}  // namespace nezuban::ruleset
