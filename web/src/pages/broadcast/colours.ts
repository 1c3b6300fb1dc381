/** One colour for each outcome. Words and numbers stand beside it: a colour alone tells nothing. */

import { makeStyles, tokens } from "@fluentui/react-components";

export const useColours = makeStyles({
    sent: { backgroundColor: tokens.colorStatusSuccessBackground3 },
    failed: { backgroundColor: tokens.colorStatusDangerBackground3 },
    unconfirmed: { backgroundColor: tokens.colorStatusWarningBackground3 },
    skipped: { backgroundColor: tokens.colorNeutralForeground3 },
    cancelled: { backgroundColor: tokens.colorNeutralForegroundDisabled },
    pending: { backgroundColor: tokens.colorNeutralStencil1 },
});
