/** Why one person stands where they do. The English is the server's own. */

export const en = {
    guest: {
        sentence: "A guest from another organisation; Teams does not let our bot write to guests.",
        remedy: "Write to this person by mail.",
    },
    no_licence: {
        sentence: "This person has no Teams licence.",
        remedy: "Assign a licence that includes Teams, then retry.",
    },
    account_disabled: {
        sentence: "This account is switched off in the directory.",
        remedy: "Nothing to do, unless the person is still with us: enable the account, then retry.",
    },
    blocked_by_policy: {
        sentence: "A Teams policy keeps our app from this person.",
        remedy: "Allow the app in the Teams admin centre (app permission policies), then retry.",
    },
    blocked_by_user: {
        sentence: "This person has blocked or muted our bot.",
        remedy: "Only the person can unblock the bot; write by mail.",
    },
    recipient_not_found: {
        sentence: "Teams does not know this person any more.",
        remedy: "Check whether the account was deleted or renamed.",
    },
    channel_not_found: {
        sentence: "Teams does not know this team, or has no channel of this name in it.",
        remedy: "Check whether it was renamed or deleted; then post to it under the name that it has.",
    },
    not_installed: {
        sentence: "Our app is not installed for this person, and installing it did not help.",
        remedy: "Push the app with a Teams setup policy, then retry.",
    },
    not_in_team: {
        sentence:
            "This person does not belong to the team or chat in whose name she was to be notified, or our app is not there.",
        remedy: "Add her to it, or notify her in no team's and no chat's name.",
    },
    installation_not_visible: {
        sentence: "Our app was installed for this person, but Teams did not show it in time.",
        remedy: "Retry in an hour.",
    },
    conversation_gone: {
        sentence: "The chat with this person is gone and could not be opened again.",
        remedy: "Retry; if it fails again, ask the person to open the app once.",
    },
    content_refused: {
        sentence: "Teams refused this announcement for this person.",
        remedy: "Check the text, the buttons and their links.",
    },
    too_large: { sentence: "Teams found this announcement too large.", remedy: "Shorten the text." },
    service_unavailable: {
        sentence: "Teams could not be reached for this person, several times over.",
        remedy: "Retry later.",
    },
    answer_lost: {
        sentence: "The message may have arrived: Teams did not answer in time.",
        remedy: "Ask one of these people, or retry the unconfirmed ones.",
    },
    service_fault: {
        sentence: "The message may have arrived: Teams reported a fault while taking it.",
        remedy: "Ask one of these people, or retry the unconfirmed ones.",
    },
    lease_ended: {
        sentence: "The message may have arrived: our worker stopped while sending it.",
        remedy: "Ask one of these people, or retry the unconfirmed ones.",
    },
    set_aside: {
        sentence: "Set aside: our worker stopped three times while sending to this person.",
        remedy: "Report this to whoever runs Stentor.",
    },
    deadline_passed: {
        sentence: "The announcement's deadline passed before this person's turn.",
        remedy: "Retry with a later deadline.",
    },
    message_unknown: {
        sentence: "Teams named no message for this person, so it can neither be replaced nor deleted.",
        remedy: "Ask this person whether there is one.",
    },
    message_gone: { sentence: "The message is not in the chat any more.", remedy: "" },
    cancelled: { sentence: "The broadcast was cancelled before this person's turn.", remedy: "" },
    already_prepared: {
        sentence: "The way to this person was known already: there was nothing to prepare.",
        remedy: "",
    },
    throttled: { sentence: "Teams asked us to wait.", remedy: "" },
    halted: { sentence: "Everything was stopped; this person's turn comes again.", remedy: "" },
    not_visible_yet: { sentence: "Teams has not caught up with the installation yet.", remedy: "" },
    token_refused: { sentence: "Teams did not accept our token; a new one was fetched.", remedy: "" },
    stale_catalogue_id: { sentence: "The app's catalogue id had changed and was looked up again.", remedy: "" },
    wrong_host: { sentence: "Teams named another host for this organisation.", remedy: "" },
    not_started: { sentence: "The request was not made: our lease was about to end.", remedy: "" },
    unexpected_answer: {
        sentence: "Teams gave an answer that we do not know.",
        remedy: "See the status and code of the last attempt; report it to whoever runs Stentor.",
    },
};

export const fr: typeof en = {
    guest: {
        sentence: "Personne invitée d’une autre organisation ; Teams ne laisse pas notre bot écrire aux invités.",
        remedy: "Écrivez à cette personne par courriel.",
    },
    no_licence: {
        sentence: "Cette personne n’a pas de licence Teams.",
        remedy: "Attribuez une licence qui comprend Teams, puis réessayez.",
    },
    account_disabled: {
        sentence: "Ce compte est désactivé dans l’annuaire.",
        remedy: "Rien à faire, sauf si la personne est toujours des nôtres : activez le compte, puis réessayez.",
    },
    blocked_by_policy: {
        sentence: "Une stratégie Teams tient notre application à l’écart de cette personne.",
        remedy: "Autorisez l’application dans le centre d’administration Teams (stratégies d’autorisation des applications), puis réessayez.",
    },
    blocked_by_user: {
        sentence: "Cette personne a bloqué notre bot ou l’a mis en sourdine.",
        remedy: "Elle seule peut le débloquer ; écrivez-lui par courriel.",
    },
    recipient_not_found: {
        sentence: "Teams ne connaît plus cette personne.",
        remedy: "Vérifiez si le compte a été supprimé ou renommé.",
    },
    channel_not_found: {
        sentence: "Teams ne connaît pas cette équipe, ou n’y trouve aucun canal de ce nom.",
        remedy: "Vérifiez s’il a été renommé ou supprimé ; publiez ensuite sous le nom qu’il porte.",
    },
    not_installed: {
        sentence: "Notre application n’est pas installée pour cette personne, et l’installer n’a pas suffi.",
        remedy: "Déployez l’application par une stratégie de configuration Teams, puis réessayez.",
    },
    not_in_team: {
        sentence:
            "Cette personne n’appartient pas à l’équipe ou à la conversation au nom de laquelle elle devait être avertie, ou notre application n’y est pas.",
        remedy: "Ajoutez-la, ou avertissez-la sans passer par une équipe ni une conversation.",
    },
    installation_not_visible: {
        sentence: "Notre application a été installée pour cette personne, mais Teams ne l’a pas montrée à temps.",
        remedy: "Réessayez dans une heure.",
    },
    conversation_gone: {
        sentence: "La conversation avec cette personne a disparu et n’a pas pu être rouverte.",
        remedy: "Réessayez ; si cela échoue encore, demandez à la personne d’ouvrir l’application une fois.",
    },
    content_refused: {
        sentence: "Teams a refusé cette annonce pour cette personne.",
        remedy: "Vérifiez le texte, les boutons et leurs liens.",
    },
    too_large: { sentence: "Teams a jugé cette annonce trop volumineuse.", remedy: "Raccourcissez le texte." },
    service_unavailable: {
        sentence: "Teams est resté injoignable pour cette personne, plusieurs fois de suite.",
        remedy: "Réessayez plus tard.",
    },
    answer_lost: {
        sentence: "Le message est peut-être arrivé : Teams n’a pas répondu à temps.",
        remedy: "Demandez à l’une de ces personnes, ou réessayez les envois incertains.",
    },
    service_fault: {
        sentence: "Le message est peut-être arrivé : Teams a signalé une erreur en le recevant.",
        remedy: "Demandez à l’une de ces personnes, ou réessayez les envois incertains.",
    },
    lease_ended: {
        sentence: "Le message est peut-être arrivé : notre programme s’est arrêté pendant l’envoi.",
        remedy: "Demandez à l’une de ces personnes, ou réessayez les envois incertains.",
    },
    set_aside: {
        sentence: "Mise de côté : notre programme s’est arrêté trois fois pendant l’envoi à cette personne.",
        remedy: "Signalez-le à qui exploite Stentor.",
    },
    deadline_passed: {
        sentence: "Le délai de l’annonce s’est écoulé avant le tour de cette personne.",
        remedy: "Réessayez avec un délai plus long.",
    },
    message_unknown: {
        sentence: "Teams n’a nommé aucun message pour cette personne : il ne peut être ni remplacé ni supprimé.",
        remedy: "Demandez à cette personne s’il y en a un.",
    },
    message_gone: { sentence: "Le message n’est plus dans la conversation.", remedy: "" },
    cancelled: { sentence: "L’annonce a été annulée avant le tour de cette personne.", remedy: "" },
    already_prepared: {
        sentence: "Le chemin vers cette personne était déjà connu : il n’y avait rien à préparer.",
        remedy: "",
    },
    throttled: { sentence: "Teams nous a demandé d’attendre.", remedy: "" },
    halted: { sentence: "Tout a été arrêté ; le tour de cette personne reviendra.", remedy: "" },
    not_visible_yet: { sentence: "Teams ne voit pas encore l’installation.", remedy: "" },
    token_refused: { sentence: "Teams n’a pas accepté notre jeton ; un nouveau a été demandé.", remedy: "" },
    stale_catalogue_id: {
        sentence: "L’identifiant de l’application au catalogue avait changé ; il a été relu.",
        remedy: "",
    },
    wrong_host: { sentence: "Teams a indiqué un autre serveur pour cette organisation.", remedy: "" },
    not_started: { sentence: "La requête n’a pas été faite : notre tour allait finir.", remedy: "" },
    unexpected_answer: {
        sentence: "Teams a donné une réponse que nous ne connaissons pas.",
        remedy: "Voyez le statut et le code de la dernière tentative ; signalez-les à qui exploite Stentor.",
    },
};
