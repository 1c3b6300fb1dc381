/** Short names for what the server's document describes. */

import type { Readable } from "openapi-typescript-helpers";
import type { components } from "./schema";

/** As the client answers them: it knows no tuples. */
type Schemas = Readable<components["schemas"]>;

export type Amending = Schemas["Amending"];
export type AttemptReport = Schemas["AttemptReport"];
export type AudienceCount = Schemas["AudienceCount"];
export type AudienceKind = Schemas["AudienceKind"];
export type BroadcastDocument = Schemas["BroadcastDocument"];
export type BroadcastProgress = Schemas["BroadcastProgress"];
export type BroadcastReport = Schemas["BroadcastReport"];
export type BroadcastState = Schemas["BroadcastState"];
export type Bucket = Schemas["Bucket"];
export type Button = Schemas["Button"];
export type Channels = Schemas["Channels"];
export type Content = Schemas["Content"];
export type Correction = Schemas["Correction"];
export type Delivery = Schemas["Delivery"];
export type DeliveryHistory = Schemas["DeliveryHistory"];
export type DeliveryPage = Schemas["DeliveryPage"];
export type DirectoryFound = Schemas["DirectoryFound"];
export type DirectoryStatus = Schemas["DirectoryStatus"];
export type DraftDocument = Schemas["DraftDocument"];
export type DryRun = Schemas["DryRun"];
export type Forecast = Schemas["Forecast"];
export type Group = Schemas["Group"];
export type Halt = Schemas["Halt"];
export type HaltReason = Schemas["HaltReason"];
export type ListRead = Schemas["ListRead"];
export type Listed = Schemas["Listed"];
export type Manuscript = Schemas["Manuscript"];
export type Me = Schemas["Me"];
export type MessagePreview = Schemas["MessagePreview"];
export type NumberedDeed = Schemas["NumberedDeed"];
export type Person = Schemas["Person"];
export type PictureTakenIn = Schemas["PictureTakenIn"];
export type Progress = Schemas["Progress"];
export type QuotaReport = Schemas["QuotaReport"];
export type Reason = Schemas["Reason"];
export type ReasonCount = Schemas["ReasonCount"];
export type Retried = Schemas["Retried"];
export type Role = Schemas["Role"];
export type RoundKind = Schemas["RoundKind"];
export type RoundReport = Schemas["RoundReport"];
export type SaidDocument = Schemas["SaidDocument"];
export type SavedAudience = Schemas["SavedAudience"];
export type StateWord = Schemas["StateWord"];
export type Summary = Schemas["Summary"];
export type Tried = Schemas["Tried"];
export type Validation = Schemas["Validation"];
export type WorkerReport = Schemas["WorkerReport"];
