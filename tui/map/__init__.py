"""The course map: every chapter with its tasks and questions, what is passed, and what this machine cannot do."""
