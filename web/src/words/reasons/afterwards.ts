/** The same of somebody whose message was to be replaced or deleted. */

export const en = {
    blocked_by_policy: {
        sentence: "A Teams policy keeps our app from this person, and so from what it sent.",
        remedy: "Allow the app in the Teams admin centre, then repeat it.",
    },
    blocked_by_user: {
        sentence: "This person has blocked our bot, which cannot change what it wrote.",
        remedy: "Only the person can unblock the bot; write by mail.",
    },
    recipient_not_found: {
        sentence: "Teams does not know this person any more.",
        remedy: "Whoever has left us reads it no more.",
    },
    not_installed: {
        sentence: "Our app is not there for this person any more, and what it sent is out of its reach.",
        remedy: "Install the app for this person again, then repeat it.",
    },
    conversation_gone: {
        sentence: "The chat with this person is gone, and what was sent there is out of our reach.",
        remedy: "",
    },
    service_unavailable: {
        sentence: "Teams could not be reached for what this person was sent, several times over.",
        remedy: "Repeat it.",
    },
    answer_lost: {
        sentence: "What is known of is set right; but there may be another message, which Teams never named.",
        remedy: "Ask this person whether there is another one.",
    },
    service_fault: {
        sentence: "What is known of is set right; but there may be another message, which Teams never named.",
        remedy: "Ask this person whether there is another one.",
    },
    lease_ended: {
        sentence: "What is known of is set right; but there may be another message, which Teams never named.",
        remedy: "Ask this person whether there is another one.",
    },
    deadline_passed: {
        sentence: "The deadline passed before this person's turn: what was sent stands as it was.",
        remedy: "Repeat it.",
    },
    message_gone: { sentence: "The message is not in the chat any more.", remedy: "" },
    cancelled: {
        sentence: "It was cancelled before this person's turn: what was sent may stand as it was.",
        remedy: "Repeat it.",
    },
};

export const fr: typeof en = {
    blocked_by_policy: {
        sentence:
            "Une stratégie Teams tient notre application à l’écart de cette personne, et donc de ce qu’elle a envoyé.",
        remedy: "Autorisez l’application dans le centre d’administration Teams, puis recommencez.",
    },
    blocked_by_user: {
        sentence: "Cette personne a bloqué notre bot, qui ne peut plus changer ce qu’il a écrit.",
        remedy: "Elle seule peut le débloquer ; écrivez-lui par courriel.",
    },
    recipient_not_found: {
        sentence: "Teams ne connaît plus cette personne.",
        remedy: "Qui nous a quittés ne le lit plus.",
    },
    not_installed: {
        sentence: "Notre application n’est plus là pour cette personne, et ce qu’elle a envoyé est hors de sa portée.",
        remedy: "Réinstallez l’application pour cette personne, puis recommencez.",
    },
    conversation_gone: {
        sentence: "La conversation avec cette personne a disparu, et ce qui y a été envoyé est hors de notre portée.",
        remedy: "",
    },
    service_unavailable: {
        sentence: "Teams est resté injoignable pour ce que cette personne a reçu, plusieurs fois de suite.",
        remedy: "Recommencez.",
    },
    answer_lost: {
        sentence: "Ce qui est connu est rectifié ; mais il peut y avoir un autre message, que Teams n’a jamais nommé.",
        remedy: "Demandez à cette personne s’il y en a un autre.",
    },
    service_fault: {
        sentence: "Ce qui est connu est rectifié ; mais il peut y avoir un autre message, que Teams n’a jamais nommé.",
        remedy: "Demandez à cette personne s’il y en a un autre.",
    },
    lease_ended: {
        sentence: "Ce qui est connu est rectifié ; mais il peut y avoir un autre message, que Teams n’a jamais nommé.",
        remedy: "Demandez à cette personne s’il y en a un autre.",
    },
    deadline_passed: {
        sentence: "Le délai s’est écoulé avant le tour de cette personne : ce qui a été envoyé reste tel quel.",
        remedy: "Recommencez.",
    },
    message_gone: { sentence: "Le message n’est plus dans la conversation.", remedy: "" },
    cancelled: {
        sentence: "Ce fut annulé avant le tour de cette personne : ce qui a été envoyé est peut-être resté tel quel.",
        remedy: "Recommencez.",
    },
};
