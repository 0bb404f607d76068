variable "name" {
  type = string
}

variable "versioned" {
  type    = bool
  default = true
}

output "id" {
  value = "${var.name}-${var.versioned ? "versioned" : "plain"}"
}
