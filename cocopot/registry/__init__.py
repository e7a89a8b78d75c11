"""What the decorators register: functions, error handlers, rules and blueprints."""
